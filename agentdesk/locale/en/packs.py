"""Words about packs that are fetched, and about what changed in them."""

WORDS = {
    "packs.other_checksum": "The file is not the one desk.toml names: its SHA-256 begins with {found}, wanted is {wanted}. If it was changed on purpose, put the new checksum into desk.toml.",
    "packs.no_git": "There is no git on this computer. Install it, or name the packs by folder or URL.",
    "packs.git_said": "git: {words}",
    "packs.too_slow": "git took more than {seconds} seconds.",
    "packs.too_large": "The repository is too large for packs: more than {limit} MB or {files} files.",
    "packs.none": "There is no pack in it (no .toml file in {folder}).",
    "packs.broken": "{place}: {why}",
    "packs.no_room": "The packs can't be written: {reason}",
    "packs.status": "{host} answers {status}.",
    "packs.no_answer": "{host}: {reason}",
    "packs.hops": "it leads from one address to the next and does not end",
    "packs.plain": "it leads to {target}, which is not https",
    "packs.too_much": "more than {limit} MB",
}
