"""Attached files that can do something when they are opened: by name, by type, and by what an archive says it holds."""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Iterable
from io import BytesIO

_ENDINGS = (
    # Windows: programs, installers, scripts, shortcuts, settings that run
    "ade adp app appinstaller application appx appxbundle bat chm cmd com cpl diagcab dll drv exe gadget hlp hta inf ins isp jar jnlp jse job lnk mad maf "
    "mam maq mar mas mat mau mav maw mda mdb mde mdt mdw mdz msc msh msh1 msh1xml msh2 msh2xml mshxml msi msix msixbundle msp mst ocx ops pcd pif plg prf "
    "prg printerexport ps1 ps1xml ps2 ps2xml psc1 psc2 psd1 psdm1 reg scf scr sct search-ms settingcontent-ms shb shs slk sys theme udl url vb vbe vbp vbs "
    "vsmacros vsw website ws wsc wsf wsh xbap xll xnk iqy "
    # others
    "action apk app bash class command csh deb desktop dmg dylib elf fish ipa js ksh mpkg osx pkg pl py pyc pyz rb rpm run scpt sh so terminal workflow xpi zsh "
    # disks, which open like folders
    "img iso udf vhd vhdx wim "
    # documents with macros
    "docm dotm pptm potm ppam ppsm sldm xlsm xltm xlam xlsb one onepkg"
)
_PROGRAMS = frozenset(_ENDINGS.split())
_TYPES = re.compile(
    r"application/(?:x-)?(?:ms-?dos-program|msdownload|ms-?dos-executable|dosexec|executable|sharedlib|exe|winexe|msi|ms-installer|bat|sh|csh|shellscript|"
    r"vnd\.microsoft\.portable-executable|java-archive|java-applet|java-vm|ms-shortcut|ms-application|hta|iso9660-image|apple-diskimage|"
    r"debian-package|vnd\.debian\.binary-package|rpm|redhat-package-manager|vnd\.android\.package-archive|javascript|ecmascript|vbscript|python|perl|"
    r"[a-z.-]*macroenabled(?:\.12|\.[a-z.]+)?)|text/(?:x-)?(?:javascript|vbscript|sh|shellscript|python|perl|scriptlet)",
    re.IGNORECASE,
)
_DOCUMENTS = frozenset({
    "doc", "docx", "gif", "htm", "jpeg", "jpg", "mp3", "mp4", "odt", "pdf", "png", "ppt", "pptx", "rtf", "tif", "tiff", "txt", "xls", "xlsx", "zip",
})  # fmt: skip
_PAGES = frozenset({"htm", "html", "mht", "mhtml", "shtml", "svg", "xht", "xhtml"})
"""They run in a browser; suspicious where the name says they are a document."""
_DIRECTION = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MOST_MEMBERS = 2_000


def is_executable(name: str, kind: str = "") -> bool:
    """Whether a file of this name and type runs, or hides what it is behind a second ending or reversed letters."""
    if _DIRECTION.search(name) and "." in name:
        return True
    endings = [part.strip().lower() for part in name.rstrip(" .").split(".")[1:]]
    if endings and endings[-1] in _PROGRAMS:
        return True
    if len(endings) > 1 and endings[-1] in _PAGES and endings[-2] in _DOCUMENTS:
        return True
    return bool(_TYPES.fullmatch(kind.partition(";")[0].strip()))


def executable_inside(content: bytes) -> str:
    """The first member of an archive that runs, or ""; what can't be read as a ZIP holds nothing that is known."""
    if not content.startswith(b"PK"):
        return ""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            return _first(one.filename for one in archive.infolist()[:_MOST_MEMBERS])
    except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError, struct.error, OSError):
        return ""


def _first(names: Iterable[str]) -> str:
    # Office documents of today are ZIP files that hold "vbaProject.bin" if they have macros.
    return next((one for one in names if is_executable(one.rpartition("/")[2]) or one.endswith("vbaProject.bin")), "")
