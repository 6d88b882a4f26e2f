"""The shell lines that the documents print."""

import re

from servers import ROOT


def section(page, title):
    """The text of a page under a heading of any level, up to the next heading."""
    [_, text] = re.split(rf"^#+ {re.escape(title)}\n", (ROOT / page).read_text(), flags=re.M)
    # A comment in a block of code looks like a heading.
    lines, code = [], False
    for line in text.splitlines():
        code ^= line.lstrip().startswith("```")
        if not code and re.match(r"#+ ", line):
            break
        lines.append(line)
    return "\n".join(lines)


def blocks(page, title):
    """The shell lines of a page under a heading, block by block."""
    found = re.findall(r"^( *)```sh\n(.*?)^ *```", section(page, title), flags=re.M | re.S)
    return ["".join(line.removeprefix(indent) for line in block.splitlines(True)) for indent, block in found]
