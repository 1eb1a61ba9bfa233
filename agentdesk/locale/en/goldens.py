"""Words of golden renders."""

WORDS = {
    "goldens.bad_sample": "{file}: {why}",
    "goldens.unknown_key": "{key} is not known here; known are {known}",
    "goldens.no_table": "{key} has to be a table",
    "goldens.bad_value": "{key}: “{value}” is not understood",
    "goldens.no_language": "it has no text in {language}",
    "goldens.expected": "expected",
    "goldens.found": "now",
    "goldens.updated": "the packs now expect what the texts say; look at the difference before you commit it",
    "goldens.none": "no tests here: [[snippet.test]] with sample, language and expect, or --add SAMPLE makes them",
    "goldens.count": "{n} test, {failed} failed|{n} tests, {failed} failed",
    "goldens.added": "{n} test added|{n} tests added",
    "goldens.opt_update": "write what the texts say now into the packs, and show the difference",
    "goldens.opt_add": "add a test with this sample (a file, named from the pack’s folder) to every text that has none",
    "goldens.opt_language": "with --add: only these languages; may be repeated",
}
