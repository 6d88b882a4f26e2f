"""Recomputes from exported lines what every book has to show, with DuckDB and Google's phone numbers."""

import duckdb
import phonenumbers

COLUMNS = """{
    subject: 'VARCHAR',
    account: 'STRUCT(id BIGINT, phone VARCHAR, choices STRUCT(discoverable_by_phone BOOLEAN))',
    books: 'STRUCT(udid VARCHAR, home_region VARCHAR, contacts STRUCT(name VARCHAR, phone VARCHAR, canonical VARCHAR, "match" BIGINT)[])[]'
}"""

# Nobody is a match in their own book, and those who hide are a match in nobody's.
TOWN = f"""
    CREATE TABLE people AS SELECT * FROM read_json($file, format = 'newline_delimited', columns = {COLUMNS}, maximum_object_size = 100000000);
    CREATE TABLE holders AS
        SELECT subject, account.id AS id, account.phone AS phone FROM people
        WHERE account.phone IS NOT NULL AND account.choices.discoverable_by_phone;
    CREATE TABLE books AS SELECT subject, unnest(books) AS book FROM people;
    CREATE TABLE contacts AS
        SELECT subject, book.udid AS udid, book.home_region AS region, unnest(book.contacts, recursive := true) FROM books;
    CREATE TABLE compared AS
        SELECT contacts.*, holders.id AS expected FROM contacts LEFT JOIN holders
        ON holders.phone = '+' || contacts.canonical AND holders.subject <> contacts.subject;
"""


class Town:
    """The people of exported lines."""

    def __init__(self, file):
        self.tables = duckdb.connect()
        for statement in TOWN.strip().split(";\n"):
            self.tables.execute(statement, {"file": str(file)} if "$file" in statement else None)

    def one(self, query):
        return self.tables.execute(query).fetchone()[0]

    def contacts(self):
        return self.one("SELECT count(*) FROM contacts")

    def matches(self):
        return self.one('SELECT count("match") FROM contacts')

    def wrong_matches(self):
        return self.one('SELECT count(*) FROM compared WHERE "match" IS DISTINCT FROM expected')

    def wrong_numbers(self):
        """How many contacts' numbers Google's library reads otherwise."""
        rows = self.tables.execute("SELECT phone, region, canonical FROM contacts").fetchall()
        return sum(e164(phone, region) != f"+{canonical}" for phone, region, canonical in rows)


def e164(spelling, region):
    return phonenumbers.format_number(phonenumbers.parse(spelling, region), phonenumbers.PhoneNumberFormat.E164)
