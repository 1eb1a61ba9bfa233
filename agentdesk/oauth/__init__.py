"""Signing in to a mailbox with OAuth 2.0 (RFC 6749): the flows that end in a refresh token, and the access tokens made from it.

    providers   who can be asked, and where (a dated table)
    endpoint    one request to a provider: https only, no redirects, bounded in size and time
    answers     what a provider says, read by oauthlib; what was refused, in words
    flows       the browser flow with PKCE (RFC 7636, RFC 8252) and the device flow (RFC 8628)
    loopback    the little page on this machine that a browser comes back to
    tokens      access tokens while the engine runs, and the refresh tokens that change meanwhile

Used by `agentdesk login`, `doctor` and the engine; the screen knows nothing of it. oauthlib is an extra and imported when it is needed.
"""
