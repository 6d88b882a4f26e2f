"""A random town moves in and out."""

import json
import random
import signal
import stat
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from address_book import command, exported, run, server
from oracle import Town
from town import town

PEOPLE, CONTACTS = 250, 30
NOTHING = {"created": 0, "changed": 0, "unchanged": 0, "kept": 0}


class TownTest(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.seed = random.randrange(1_000_000)
        print(f"seed {self.seed}", end=" ", flush=True)
        self.file = self.folder / "town.jsonl"
        self.file.write_text("".join(town(PEOPLE, CONTACTS, self.seed)), encoding="utf-8")
        self.lines = [json.loads(line) for line in self.file.read_text(encoding="utf-8").splitlines()]

    def server(self, *arguments):
        return self.enterContext(server(*arguments))

    def test_duckdb_finds_the_same_matches(self):
        url = self.server()
        imported, _ = run(url, "import", self.file)
        accounts = sum("account" in person for person in self.lines)
        books = sum(len(person["books"]) for person in self.lines)
        self.assertEqual(imported["accounts"], NOTHING | {"created": accounts})
        self.assertEqual(imported["books"], NOTHING | {"created": books})
        out = self.folder / "out.jsonl"
        told, _ = run(url, "export", "--to", out)
        self.assertEqual(told.pop("units")["write"], 0)
        self.assertEqual(told, {"people": PEOPLE, "unreadable": 0, "missing": []})

        there = Town(out)
        self.assertEqual(there.contacts(), sum(len(book["contacts"]) for person in self.lines for book in person["books"]))
        self.assertGreater(there.matches(), PEOPLE * CONTACTS // 3)
        self.assertEqual((there.wrong_matches(), there.wrong_numbers()), (0, 0))
        self.assertEqual(self.tampered(out, lambda contact: contact.pop("match")), 1)
        self.assertEqual(self.tampered(out, lambda contact: contact.update(match=contact["match"] + 1)), 1)
        self.assertEqual(run(url, "check", "--settle-seconds", "0")[0]["findings"], [])

    def tampered(self, out, change):
        """How many wrong matches there are after a change of one contact that has a match."""
        people = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        matched = [contact for person in people for book in person.get("books", []) for contact in book["contacts"] if "match" in contact]
        change(random.choice(matched))
        copy = self.folder / "tampered.jsonl"
        copy.write_text("".join(json.dumps(person) + "\n" for person in people), encoding="utf-8")
        return Town(copy).wrong_matches()

    def test_an_export_is_the_same_lines_after_a_move(self):
        one, other = self.server(), self.server("--unsealed")
        run(one, "import", self.file)
        out = self.folder / "out.jsonl"
        run(one, "export", "--to", out)
        self.assertEqual(stat.S_IMODE(out.stat().st_mode), 0o600)
        run(other, "import", out)
        self.assertEqual(exported(other), out.read_bytes())
        again, _ = run(other, "import", out)
        self.assertEqual((again["accounts"]["created"], again["accounts"]["kept"], again["books"]["created"], again["books"]["kept"]), (0, 0, 0, 0))

        before = out.read_bytes()
        told, _ = run(one, "export", "--to", out, "--only", "subject:person-9", expected=3)
        self.assertIn("exists", told["error"])
        self.assertEqual(out.read_bytes(), before)
        run(one, "export", "--to", out, "--only", "subject:person-9", "--overwrite")
        self.assertEqual([json.loads(line)["subject"] for line in out.read_text().splitlines()], ["person-9"])
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["out.jsonl", "town.jsonl"])

    def test_a_server_that_starts_with_the_town_has_it(self):
        seeded, imported = self.server("--seed", self.file), self.server()
        run(imported, "import", self.file)
        self.assertEqual(exported(seeded), exported(imported))

    def test_an_import_that_is_killed_and_started_again_ends_the_same(self):
        whole, killed = self.server(), self.server()
        began = time.monotonic()
        run(whole, "import", self.file)
        lasted = time.monotonic() - began
        kills = 0
        for part in (0.05, 0.2, 0.4, 0.6, 0.8):
            running = subprocess.Popen(command(killed, "import", self.file), stdout=subprocess.DEVNULL)
            time.sleep(lasted * part)
            running.kill()
            kills += running.wait() == -signal.SIGKILL
        self.assertGreater(kills, 1)
        run(killed, "import", self.file)
        self.assertEqual(exported(killed), exported(whole))
        self.assertEqual(run(killed, "check")[0]["findings"], [])

    def test_what_fails_is_told_by_its_line_alone(self):
        url = self.server()
        mistakes = self.folder / "mistakes.jsonl"
        good, bad = self.lines[0], self.lines[1] | {"nickname": "Zoë"}
        mistakes.write_text(json.dumps(good) + "\n\n" + json.dumps(bad) + "\n", encoding="utf-8")
        failures = self.folder / "failures.jsonl"
        told, quiet = run(url, "import", mistakes, "--failures", failures, expected=1)
        self.assertEqual((told["lines"], told["failed_lines"], quiet), (2, 1, ""))
        failure = json.loads(failures.read_text())
        self.assertEqual((failure["line"], failure["reason"].split(" at ")[0]), (3, "unknown field `nickname`"))
        _, loud = run(url, "import", mistakes, expected=1)
        self.assertEqual(json.loads(loud), failure)
        run(url, "import", self.folder / "nothing.jsonl", expected=3)
        run(url, "import", "/dev/null", expected=3)
        run("http://127.0.0.1:1", "import", mistakes, expected=3)
        run(url, "import", expected=2)


if __name__ == "__main__":
    unittest.main()
