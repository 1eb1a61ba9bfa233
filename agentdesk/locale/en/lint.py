"""Words of `snippets lint`."""

WORDS = {
    "lint.expired": "it is past: valid until {date}",
    "lint.expired_hint": "give it new dates, or take it out",
    "lint.long": "the text in {language} has {n} letters; a chat takes {most} at most",
    "lint.long_hint": "say the rest in a second snippet, or allow it for mail",
    "lint.unused": "no text uses policy.{name}",
    "lint.unused_hint": "write {{{{ policy.{name} }}}} where it is promised, or take it out",
    "lint.avoid": "“{phrase}” is to be avoided",
    "lint.avoid_hint": "[pack.style] avoid says so",
    "lint.address": "the form of address is “{form}”, and here stands “{word}”",
    "lint.address_hint": "change the word, or the form in [pack.style] address",
    "lint.bad_address": "{language} = “{form}” is no form of address",
    "lint.bad_address_hint": "it: lei or tu; de: sie or du; fr: vous or tu",
}
