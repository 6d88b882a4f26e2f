"""A random town, as lines that `import` reads: tests/people/town.py PEOPLE CONTACTS [SEED]

Each person has so many contacts. All numbers are of the ranges that are kept for fiction, spelled as people spell them.
"""

import json
import random
import sys

NAMES = ["Ada", "Bjørn", "Chloé", "Дарья", "Ελένη", "محمد", "חנה", "李雷", "이영희", "दीया", "ตัวอย่าง", "José María", "O'Neil", "🌻", 'Jo "the" Cat', "back\\slash"]
UDIDS = ["pixel-8", "tablet 📱", "g", "d#1"]
# Area codes of the US. With each goes 555-0100 to 555-0199.
AREAS = [201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 224, 225, 228, 229, 231, 234, 239, 240, 248, 251,
         252, 253, 254, 256, 260, 262, 267, 269, 270, 276, 281, 301, 302, 303, 304, 305, 307, 308, 309, 310, 312, 313, 314, 315, 316, 317, 318,
         319, 320, 321, 323, 325, 330, 334, 336, 337, 339, 347, 351, 352, 360, 361, 386, 401, 402, 404, 405, 406, 407, 408, 409, 410, 412, 413,
         414, 415, 417, 419, 423, 425, 430, 432, 434, 435, 440, 443, 469, 478, 479, 480, 484, 501, 502, 503, 504, 505, 507, 508, 509, 510, 512,
         513, 515, 516, 517, 518, 520, 530, 540, 541, 551, 559, 561, 562, 563, 567, 570, 571, 573, 574, 580, 585, 586, 601, 602, 603, 605, 606,
         607, 608, 609, 610, 612, 614, 615, 616, 617, 618, 619, 620, 623, 626, 630, 631, 636, 641, 646, 650, 651, 660, 661, 662, 678, 682, 701,
         702, 703, 704, 706, 707, 708, 712, 713, 714, 715, 716, 717, 718, 719, 720, 724, 727, 731, 732, 734, 740, 754, 757, 760, 763, 765, 770,
         772, 773, 774, 775, 781, 785, 786, 801, 802, 803, 804, 805, 806, 808, 810, 812, 813, 814, 815, 816, 817, 818, 828, 830, 831, 832, 843]


class Number:
    def __init__(self, region, code, national, spellings):
        self.region, self.e164, self.national = region, f"+{code}{national}", spellings
        self.foreign = [self.e164, f"+{code} {national[:3]} {national[3:]}"]

    def spelled(self, rng, home):
        return rng.choice(self.foreign + (self.national if home == self.region else []))


def numbers():
    for n in range(1000):
        yield Number("GB", 44, f"7700900{n:03}", [f"07700 900{n:03}", f"07700900{n:03}"])
    for n in range(1000):
        yield Number("FR", 33, f"63998{n:04}", [f"06 39 98 {n // 100:02} {n % 100:02}"])
    for area in AREAS:
        for n in range(100, 200):
            yield Number("US", 1, f"{area}5550{n}", [f"({area}) 555-0{n}", f"{area}-555-0{n}", f"1{area}5550{n}"])


def contacts(rng, count, home, own, people, strangers):
    """Mostly people of the town, one of them oneself at times."""
    known = rng.sample(people, min(len(people), count * 3 // 4)) + rng.sample(strangers, min(len(strangers), count))
    known = known[:count]
    if own is not None and rng.random() < 0.2:
        known[0] = own
    rng.shuffle(known)
    seen = set()
    for number in known:
        if number.e164 not in seen:
            seen.add(number.e164)
            yield {"name": f"{rng.choice(NAMES)} {rng.randrange(1000)}", "phone": number.spelled(rng, home)}


def town(people, per_person, seed=0):
    rng = random.Random(seed)
    there = list(numbers())
    if people * 3 // 2 > len(there):
        raise SystemExit(f"there are only numbers for {len(there) * 2 // 3} people")
    rng.shuffle(there)
    taken, strangers = there[:people], there[people:people * 3 // 2]
    ids = rng.sample(range(1, people * 10), people)
    for place, (number, id) in enumerate(zip(taken, ids)):
        kind = rng.random()
        has_account, has_phone = kind >= 0.03, kind >= 0.08
        own = number if has_account and has_phone else None
        home = own.region if own else rng.choice(["US", "GB", "FR"])
        person = {"subject": f"person-{place}"}
        if has_account:
            account = {"id": id, "created_at": f"2025-0{rng.randrange(1, 10)}-{rng.randrange(10, 29)}T12:00:00.{rng.randrange(1000):03}Z"}
            account |= {"phone": own.e164} if own else {}
            account["profile"] = {"full_name": rng.choice(NAMES), "timezone": rng.randrange(-12, 13)}
            account["choices"] = {"discoverable_by_phone": rng.random() > 0.1, "notify_me": rng.random() > 0.1}
            person["account"] = account
        books = [{"home_region": home, "contacts": list(contacts(rng, per_person, home, own, taken, strangers))}]
        if rng.random() < 0.1:
            few = max(1, per_person // 10)
            books.append({"udid": rng.choice(UDIDS), "home_region": home, "contacts": list(contacts(rng, few, home, own, taken, strangers))})
        person["books"] = books
        yield json.dumps(person, ensure_ascii=rng.random() < 0.5) + "\n"


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.writelines(town(*map(int, sys.argv[1:])))
