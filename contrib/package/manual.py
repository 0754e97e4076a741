#!/usr/bin/env python3
"""The manual page and the bash completion, made from what `integrity … --help` prints, so that neither can differ from
the program.

    manual.py PROGRAM FOLDER     writes FOLDER/integrity.1 and FOLDER/integrity.bash
"""

import dataclasses
import pathlib
import re
import subprocess
import sys

FILES = [
    ("/etc/integrity/integrity.toml", "The options of the service of the Debian package."),
    ("DATA/integrity.toml", "The options, where --config names no other file."),
    ("DATA/integrity.db", "The database of the embedded store, with integrity.db-wal and integrity.db-shm next to it."),
    ("DATA/before-upgrade-OLD-NEW.db", "A copy of the database from before an upgrade that rewrote a table; restore "
                                       "takes it. Remove it when the new program has proved itself."),
    ("DATA/lock", "Locked by the process that uses the folder, with its number."),
    ("DATA/control.sock", "By which commands reach the running server."),
    ("DATA/keys/", "The key files, where --keys names no other folder: password.key, secrets.key, token.key. "
                   "Keep a copy apart from the copies of the database; no backup holds them, and restore needs them."),
    ("KEYS/password.key.accepted, KEYS/secrets.key.accepted",
     "Where key accept was run before a restore: that the restore may use this key. The restore removes it."),
    ("BACKUP-DIR/integrity-YYYYMMDDTHHMMSSZ.db", "The backups that the server makes by itself, named by their time."),
    ("FILE.partial-XXXXXX", "What backup or restore is writing, next to its place. If one was broken off, the next one "
                            "to the same place removes it."),
    ("TMPDIR, or /var/tmp", "Where a restore into MongoDB puts a copy of the backup while it runs."),
]
STATUSES = [
    ("0", "Done. check: nothing was found."),
    ("1", "Failed or refused; the reason is on standard error. backup and restore: nothing was made. "
          "check: what does not belong together is on standard output."),
    ("2", "A bad option, or a wrong use of a command. check: not everything could be read."),
    ("3", "import-flask: done but for what is listed."),
]


@dataclasses.dataclass
class Entry:
    """A line of a list in a help text: `--store URI   What it means`."""
    shown: str
    meaning: str = ""

    @property
    def name(self) -> str:
        return self.shown.replace("-h,", "").split()[0].removesuffix(",")

    @property
    def words(self) -> list[str]:
        """The values to choose from, where there are some: open|closed, TEXT:{a,b}."""
        if found := re.search(r":\{([^}]*)\}", self.shown):
            return found[1].split(",")
        value = (self.shown.split() + [""])[1]
        return value.split("|") if "|" in value else []

    @property
    def value(self) -> str:
        return (self.shown.split() + [""])[1]


@dataclasses.dataclass
class Command:
    words: list[str]  # ["user", "add"]
    about: str
    lists: dict[str, list[Entry]]  # "Options", "Positionals", "Subcommands"
    footer: str
    usage: str

    def entries(self, name: str) -> list[Entry]:
        return self.lists.get(name, [])


def read_help(words: list[str], text: str) -> Command:
    before, usage, rest = re.fullmatch(r"(.*?)Usage: ([^\n]*)\n(.*)", text, re.S).groups()
    command = Command(words, " ".join(before.split()), {}, "", usage)
    entries = None
    for line in rest.splitlines():
        if found := re.fullmatch(r"([A-Z][a-z]+):", line):
            entries = command.lists.setdefault(found[1], [])
        elif found := re.fullmatch(r"  (\S.*?)(?:  +(\S.*))?", line):
            entries.append(Entry(found[1], found[2] or ""))
        elif found := re.fullmatch(r"   +(\S.*)", line):
            entries[-1].meaning = (entries[-1].meaning + " " + found[1]).strip()
        elif line:
            command.footer += line + "\n"
    return command


def all_commands(program: str, words: tuple[str, ...] = ()) -> list[Command]:
    """The program itself, then each command, with its subcommands after it."""
    said = subprocess.run([program, *words, "--help"], capture_output=True, text=True, check=True).stdout
    command = read_help(list(words), said)
    below = [all_commands(program, (*words, sub.name)) for sub in command.entries("Subcommands")]
    return [command, *(inner for commands in below for inner in commands)]


def roff(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return "\n".join(("\\&" + line if line.startswith(".") else line) for line in text.splitlines())


def entry_roff(entry: Entry) -> str:
    name, _, rest = re.sub(r" TEXT\b:?| REQUIRED\b", " ", entry.shown.replace("-h,", "")).strip().partition(" ")
    rest = re.sub(r"(\S*\|\S*|\S+(?=:\{[^,]*\})):\{[^}]*\}", r"\1", rest.strip())  # keep|reenrol:{keep,reenrol}
    return f".TP\n.B {roff(name)}" + (f" \\fI{roff(rest)}\\fR" if rest else "") + f"\n{roff(entry.meaning)}\n"


def page(commands: list[Command], version: str) -> str:
    top, serve = commands[0], next(each for each in commands if each.words == ["serve"])
    shared = {entry.shown for entry in serve.entries("Options")}
    out = [f'.TH INTEGRITY 1 "" "{version}" "Data Integrity API"\n',
           ".SH NAME\nintegrity \\- server for product and stock records behind a second factor\n", ".SH SYNOPSIS\n"]
    leaves = [each for each in commands[1:] if not each.entries("Subcommands")]
    for each in leaves:
        out.append(f".B integrity {' '.join(map(roff, each.words))}\n"
                   + f"{roff(each.usage.removeprefix('integrity ' + ' '.join(each.words)).strip())}\n.br\n")
    out.append(f".SH DESCRIPTION\n{roff(top.about)}\n" + "".join(map(entry_roff, top.entries("Options"))))
    out.append(".SH COMMANDS\nOptions that\n.B serve\nalso has are described under OPTIONS.\n")
    for each in leaves:
        out.append(f".SS integrity {roff(' '.join(each.words))}\n{roff(each.about)}\n")
        out += [entry_roff(entry) for entry in each.entries("Positionals")]
        options = [entry for entry in each.entries("Options") if entry.name != "--help"]
        out += [entry_roff(entry) for entry in options if entry.shown not in shared]
        if also := [entry.name for entry in options if entry.shown in shared and each is not serve]:
            every = len(also) == len([entry for entry in serve.entries("Options") if entry.name != "--help"])
            shown = "every option of \\fBserve\\fR" if every else ", ".join(map(roff, also))
            out.append(f".PP\nAlso {shown}.\n")
        if not any(other.footer == each.footer for other in leaves if other is not each):
            out.append(f".PP\n{roff(each.footer)}\n")
    out.append(".SH OPTIONS\n" + "".join(map(entry_roff, serve.entries("Options"))))
    out.append(f".SH ENVIRONMENT\n{roff(serve.footer)}\n")
    out.append(".SH FILES\n" + "".join(entry_roff(Entry(*each)) for each in FILES))
    out.append(".SH EXIT STATUS\n" + "".join(entry_roff(Entry(*each)) for each in STATUSES))
    out.append(".SH SEE ALSO\n.BR systemctl (1)\nfor the service\n.BR integrity ;\n"
               "the documents in /usr/share/doc/integrity/.\n")
    return "".join(out)


def completion(commands: list[Command]) -> str:
    """One table: after these words, these may follow; after this option, these values."""
    follow, values = [], {}
    for each in commands:
        options = each.entries("Options")
        words = [entry.name for entry in each.entries("Subcommands")] + [entry.name for entry in options]
        words += [word for entry in each.entries("Positionals") for word in entry.words]
        follow.append(f"    ['{' '.join(['integrity', *each.words])}']='{' '.join(words)}'")
        for entry in options:
            choice = f"-W {','.join(entry.words)}" if entry.words else ""
            kind = {"FOLDER": "-d", "FILE": "-f"}.get(entry.value, choice)
            if entry.value and entry.name not in ("--help", "--version"):
                values[entry.name] = f"    ['{entry.name}']='{kind}'"
    return COMPLETION.replace("FOLLOW", "\n".join(follow)).replace("VALUES", "\n".join(values.values()))


COMPLETION = """# bash completion for integrity(1); made by contrib/package/manual.py
_integrity() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=integrity word
  local -A follow=(
FOLLOW
  ) values=(
VALUES
  )
  COMPREPLY=()
  if [[ -v values[$before] ]]; then
    case ${values[$before]} in
      '-W '*) mapfile -t COMPREPLY < <(IFS=, && compgen -W "${values[$before]#-W }" -- "$current") ;;
      -*) compopt -o filenames && mapfile -t COMPREPLY < <(compgen "${values[$before]}" -- "$current") ;;
    esac
    return
  fi
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ ! -v "follow[$command $word]" ]] || command="$command $word"
  done
  mapfile -t COMPREPLY < <(compgen -W "${follow[$command]}" -- "$current")
} && complete -F _integrity integrity
"""


def main(program: str, folder: str) -> None:
    commands = all_commands(program)
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    (pathlib.Path(folder) / "integrity.1").write_text(page(commands, version))
    (pathlib.Path(folder) / "integrity.bash").write_text(completion(commands))


if __name__ == "__main__":
    main(*sys.argv[1:])
