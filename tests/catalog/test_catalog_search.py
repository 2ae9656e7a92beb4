"""What must hold of the search whatever is typed and whatever the names are."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from properties import examples

from xswitch.catalog.model import Account, Target
from xswitch.catalog.search import Index, Result
from xswitch.catalog.visits import BONUS_LIMIT
from xswitch.text import clean

NOW = 1_790_000_000.0


def target(account: str, role: str, number: int = 1, ou: str = "", environment: str = "", **tags: str) -> Target:
    owner = Account(f"{number:012d}", account, ou, environment, tuple(tags.items()))
    return Target(owner, role, f"arn:aws:iam::{owner.id}:role/{role}")


def index_of(*names: str) -> Index:
    return Index([target(*name.rsplit("/", 1), number) for number, name in enumerate(names, 1)])


NAMES = (
    "payments-prod",
    "payments-preprod",
    "payroll-prod",
    "display-ads-prod",
    "nonprod",
    "São Paulo",
    "東京",
    "a/b c",
)
ROLES = ("ReadOnly", "Deploy", "Audit", "BreakGlass")
SMALL = [
    target(name, role, number, ou, environment, team=name[:3], owner="ada")
    for number, (name, ou, environment) in enumerate(
        zip(
            NAMES,
            ("Workloads/Prod", "Security", "Third Party", "") * 2,
            ("prod", "staging", "", "dev") * 2,
            strict=True,
        ),
        111_111_111_111,
    )
    for role in ROLES
]
INDEX = Index(SMALL, ("prod", "staging", "dev"))

PIECES = st.sampled_from(
    [
        "pay", "prod", "ro", "audit", "sao", "são", "東", "!prod", "'pre", "^pay", "only$", "^ReadOnly$", "!^pay", "!'pay",
        "env:prod", "!env:prod", "ou:sec", "role:dep", "account:pay", "id:1111", "tag:owner=ada", "tag:team", "live:yes",
        "live:no", "paymnets", "brakglass", "payments-prod/ReadOnly", "/Read", "prod/", "111111111111", "1111-1111-1112",
        "env:", "live:maybe", "foo:bar", "arn:aws:iam::111111111111:role/Audit", "arn:aws:iam::1", "x", "zq", "nonprod",
    ]
)  # fmt: skip
HEADS = st.sampled_from(["arn:", "https://", 'ou:"', "tag:", "!role:", "env:*"])
ANYTHING = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="ab!^$'\":/\\*|%- \t=éß", max_size=40),
    st.lists(PIECES, max_size=5).map(" ".join),
    st.tuples(HEADS, st.text(max_size=30)).map("".join),
)
LIVE = frozenset({"payments-prod/ReadOnly", "nowhere/Role"})


def search(query: str) -> Result:
    return INDEX.search(query, live=LIVE, now=NOW)


@given(ANYTHING)
@examples(200)
def test_any_text_gives_an_answer_in_range(query: str) -> None:
    result = search(query)
    rows = list(result.rows)
    assert len(rows) == result.total == len(set(rows))
    assert set(rows) <= set(range(len(SMALL)))
    for row in rows[:4]:
        owner = SMALL[row].account
        shown = {"account": owner.name, "role": SMALL[row].role, "id": owner.id, "ou": owner.ou}
        shown["environment"] = owner.environment
        for field, positions in result.positions(row).items():
            assert list(positions) == sorted(set(positions))
            assert 0 <= positions[0] <= positions[-1] < len(clean(shown[field]))
    assert isinstance(INDEX.nearest(query), str)


@given(
    name=st.text(min_size=1, max_size=20),
    role=st.text(min_size=1, max_size=12),
    ou=st.text(max_size=20),
    query=ANYTHING,
)
@examples(200)
def test_names_may_hold_anything(name: str, role: str, ou: str, query: str) -> None:
    index = Index([target(name, role, 1, ou, ou, tag=name), target("other", "Role", 2)])
    for asked in (query, name, role, ou, f"'{name}", f"account:{name}"):
        result = index.search(asked, visits={f"{name}/{role}": (3.0, 3, NOW)}, live={f"{name}/{role}"}, now=NOW)
        assert set(result.rows) <= {0, 1}
        for row in result.rows:
            for field, positions in result.positions(row).items():
                if row == 0:
                    value = {"account": name, "role": role, "id": f"{1:012d}", "ou": ou, "environment": ou}[field]
                    assert positions[-1] < len(clean(value))
    assert index.row(f"{name}/{role}") == 0


@given(st.sampled_from(NAMES[:5]), st.sets(st.integers(0, 15), min_size=1, max_size=8))
@examples(200)
def test_positions_spell_the_word(name: str, places: set[int]) -> None:
    word = "".join(name[place] for place in sorted(places) if place < len(name)).strip("-")
    assume(word)
    result = index_of(f"{name}/X").search(f"account:{word}")
    if result.total and not result.typos:
        positions = result.positions(0).get("account", ())
        assert "".join(name[position] for position in positions) == word


@given(st.lists(PIECES, max_size=4), PIECES)
@examples(200)
def test_one_word_more_is_never_more_rows(words: list[str], word: str) -> None:
    before, after = search(" ".join(words)), search(" ".join([*words, word]))
    assume(not after.relaxed)
    assert not before.relaxed or set(after.rows) <= set(before.rows)
    assert after.total <= before.total
    assert set(after.rows) <= set(before.rows)


@given(st.lists(PIECES, min_size=1, max_size=4), st.randoms(use_true_random=False))
@examples(150)
def test_the_order_of_words_does_not_matter_and_nothing_is_left_to_chance(words: list[str], random: object) -> None:
    shuffled = list(words)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first = list(search(" ".join(words)).rows)
    assert first == list(search(" ".join(words)).rows)
    fresh = Index(SMALL, ("prod", "staging", "dev")).search(" ".join(shuffled), live=LIVE, now=NOW)
    assert sorted(first) == sorted(fresh.rows)
    if len(set(words)) > 1:
        assert first == list(fresh.rows)


VISITS = st.dictionaries(
    st.sampled_from([target.name for target in SMALL]),
    st.tuples(st.floats(0.01, 1e6), st.integers(1, 10**6), st.floats(NOW - 1e7, NOW)),
    max_size=12,
)


@given(VISITS)
@examples(100)
def test_visits_never_outweigh_a_field(visits: dict[str, tuple[float, int, float]]) -> None:
    index = index_of("audit-x/Deploy", "web/Audit-x", "audit-x/ReadOnly", "log/Audit-x")
    known = dict(zip(("web/Audit-x", "log/Audit-x", "audit-x/ReadOnly"), visits.values(), strict=False))
    rows = list(index.search("audit", visits=known, now=NOW).rows)
    assert set(rows[:2]) == {0, 2}, "the word is in the account's name: one step above the role's"


@given(VISITS)
@examples(100)
def test_what_is_exact_is_first_whatever_was_visited(visits: dict[str, tuple[float, int, float]]) -> None:
    def top(query: str) -> Target:
        return SMALL[INDEX.search(query, visits=visits, now=NOW).rows[0]]

    for wanted in SMALL[:12]:
        assert top(wanted.name) is wanted
        assert top(wanted.arn) is wanted
        assert top(wanted.account.id).account == wanted.account
        assert top(wanted.account.name).account == wanted.account
        assert top(wanted.role.lower()).role == wanted.role


def test_visits_settle_between_equals_and_fade() -> None:
    index = index_of("web-a/ReadOnly", "web-b/ReadOnly", "web-c/ReadOnly")
    visits = {"web-c/ReadOnly": (1.0, 1, NOW), "web-b/ReadOnly": (4.0, 4, NOW - 40 * 86400)}
    assert list(index.search("web", visits=visits, now=NOW).rows) == [2, 1, 0]
    assert list(index.search("web", visits=visits, now=NOW + 4000 * 86400).rows) == [0, 1, 2]
    assert list(index.search("web", now=NOW).rows) == [0, 1, 2]
    assert BONUS_LIMIT < 10


def test_the_exact_name_beats_longer_and_visited_ones() -> None:
    index = index_of("prod-eu/prod", "prod/Deploy", "my-prod/Prod", "prod-prod-prod/prod-prod")
    visits = {"prod-prod-prod/prod-prod": (1e6, 10**6, NOW)}
    rows = list(index.search("prod", visits=visits, now=NOW).rows)
    assert rows[0] == 1
    assert set(rows[1:3]) == {0, 2}


def test_an_empty_query_is_the_catalog() -> None:
    for blank in ("", "  \t ", "\u00a0", "!", "^", "'", "env:"):
        result = search(blank)
        assert result.rows == range(len(SMALL))
        assert result.total == len(SMALL)
        assert result.positions(3) == {}


def test_a_limit_shortens_the_rows_alone() -> None:
    every, few = search("prod"), INDEX.search("prod", limit=3)
    assert list(few.rows) == list(every.rows)[:3]
    assert few.total == every.total > 3
    assert list(INDEX.search("", limit=2).rows) == [0, 1]


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("env:", "env: needs a value"),
        ("pay role:", "role: needs a value"),
        ("!ou:", "ou: needs a value"),
        ("live:", "live: takes yes or no"),
        ("live:perhaps", "live: takes yes or no"),
        ("envv:prod", "no field envv: here, but account:, role:, ou:, env:, id:, tag:, live:"),
        ("env:qa", "no such environment, but prod, staging, dev"),
        ("arn:aws:iam::999999999999:role/X", "the catalog holds no target for this ARN or address"),
        ("https://example.com/", "the catalog holds no target for this ARN or address"),
        ("pay prod", ""),
        ("env:pr", ""),
        ("tag:owner=ada live:yes", ""),
    ],
)
def test_a_field_that_can_not_be_used_is_said(query: str, problem: str) -> None:
    assert search(query).problem == problem


def rows_for(query: str, targets: Sequence[Target], **more: object) -> set[str]:
    index = Index(targets)
    return {targets[row].name for row in index.search(query, **more).rows}  # type: ignore[arg-type]


FIELDS = [
    target("web", "Admin", 1, "Workloads/Prod", "prod", team="web", stage="live"),
    target("shop", "ReadOnly", 2, "Workloads/NonProd", "nonprod", team="shop"),
    target("ops", "Admin", 3, "Prod/Tools", "prod-eu", team="web-ops"),
    target("bare", "Reader", 44),
]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("env:prod", {"web/Admin", "ops/Admin"}),
        ("env:^prod$", {"web/Admin"}),
        ("env:'prod", {"web/Admin", "shop/ReadOnly", "ops/Admin"}),
        ("env:*prod", {"web/Admin", "shop/ReadOnly", "ops/Admin"}),
        ("!env:prod", {"shop/ReadOnly", "bare/Reader"}),
        ("env:!prod", {"shop/ReadOnly", "bare/Reader"}),
        ("ou:prod", {"web/Admin", "ops/Admin"}),
        ("ou:workloads", {"web/Admin", "shop/ReadOnly"}),
        ("ou:workloads/n", {"shop/ReadOnly"}),
        ("ou:*prod", {"web/Admin", "shop/ReadOnly", "ops/Admin"}),
        ("tag:team=web", {"web/Admin", "ops/Admin"}),
        ("tag:team=web$", {"web/Admin"}),
        ("tag:stage", {"web/Admin"}),
        ("tag:team=*ops", {"ops/Admin"}),
        ("!tag:team", {"bare/Reader"}),
        ("role:admin", {"web/Admin", "ops/Admin"}),
        ("role:read*", {"shop/ReadOnly", "bare/Reader"}),
        ("role:*er", {"bare/Reader"}),
        ("!role:read", {"web/Admin", "ops/Admin"}),
        ("account:web", {"web/Admin"}),
        ("ACCOUNT:WEB", {"web/Admin"}),
        ("id:44", {"bare/Reader"}),
        ("id:0000-0000-0044", {"bare/Reader"}),
        ("!web/admin", {"shop/ReadOnly", "ops/Admin", "bare/Reader"}),
        ("live:yes", {"ops/Admin"}),
        ("live:NO", {"web/Admin", "shop/ReadOnly", "bare/Reader"}),
        ("!live:yes", {"web/Admin", "shop/ReadOnly", "bare/Reader"}),
        ("!arn:aws:iam::000000000001:role/Admin", {"shop/ReadOnly", "ops/Admin", "bare/Reader"}),
        ("'ops'", {"ops/Admin"}),
        ("^web$", {"web/Admin"}),
        ("ops/adm", {"ops/Admin"}),
    ],
)
def test_fields(query: str, names: set[str]) -> None:
    assert rows_for(query, FIELDS, live={"ops/Admin"}) == names


def test_live_may_be_anything_that_can_be_asked() -> None:
    class Asked:
        def __contains__(self, name: object) -> bool:
            return name == "ops/Admin"

    assert rows_for("live:yes", FIELDS, live=Asked()) == {"ops/Admin"}


def test_short_words_do_not_match_scattered_letters() -> None:
    index = index_of("payments-system/Deploy", "ledger-archive/Audit", "tokyo-region/ReadOnly")
    assert index.search("yt").total == 0
    assert index.search("egv").total == 0
    assert [index.search(word).total for word in ("ps", "la", "tr")] == [1, 1, 1]
    ads = Index([target("web", "Admin", 1, "Workloads/Prod"), target("display-ads", "Admin", 2, "Other")])
    assert list(ads.search("ads").rows) == [1]
    assert list(ads.search("loads").rows) == [0]


def test_typos_are_looked_past_only_where_nothing_matches() -> None:
    index = index_of("payments/ReadOnly", "paymnets/ReadOnly")
    assert list(index.search("paymnets").rows) == [1]
    assert not index.search("paymnets").typos
    other = index_of("payments/ReadOnly", "payroll/ReadOnly")
    for wrong in ("paymnets", "paymants", "payyments", "xayments", "pamyents"):
        assert list(other.search(wrong).rows) == [0]
        assert other.search(wrong).typos
    assert index.search("pyx").total == 0, "three letters are too few"
    swapped = index_of("prdo-x/Deploy", "prod-y/Admin").search("prdo admin")
    assert (list(swapped.rows), swapped.relaxed) == ([1], True)


@pytest.mark.parametrize(
    ("query", "nearest"),
    [
        ("env:qa paymnts-prodd", "payments-prod"),
        ("brekglsas", "BreakGlass"),
        ("arn:aws:iam::111111111111:role/Nope", "payments-prod"),
        ("stagng1", "staging"),
        ("qqqqqqqq", ""),
        ("", ""),
    ],
)
def test_the_nearest_name(query: str, nearest: str) -> None:
    found = INDEX.nearest(query)
    assert found == nearest
    if found:
        assert search(found).total > 0


def test_a_pasted_page_is_answered_without_reading_it_all() -> None:
    index = index_of("payments-prod/ReadOnly")
    page = " ".join(f"word{number:04d}" for number in range(500))
    assert index.search(f"payments {page}").total == 0
    assert len(index._built()[1]._known) <= 4


def test_rows_can_be_read_like_any_sequence() -> None:
    rows = search("prod").rows
    every = list(search("prod").rows)
    assert len(rows) == len(every) > 8
    assert rows[2] == every[2]
    assert list(rows[1:4]) == every[1:4]
    assert list(rows[::-1]) == every[::-1]
    assert list(rows[5:1:-2]) == every[5:1:-2]
    assert list(rows[-3:]) == every[-3:]
    assert rows[-1] == every[-1]
    assert list(rows[2:0]) == []
    assert every[3] in rows
    assert rows.index(every[3]) == 3
    with pytest.raises(IndexError):
        rows[len(every)]
    with pytest.raises(IndexError):
        rows[-len(every) - 1]


def test_positions_count_characters_of_what_is_shown() -> None:
    index = index_of("Zürich\u202e-東京-prod/Straße", "weiß/X")
    result = index.search("東京 prod strasse")
    assert result.positions(0) == {"account": (7, 8, 10, 11, 12, 13), "role": (0, 1, 2, 3, 4, 5)}
    assert index.search("zurich").positions(0) == {"account": (0, 1, 2, 3, 4, 5)}


def test_where_a_word_is_highlighted() -> None:
    result = search("pay prod ro")
    assert SMALL[result.rows[0]].name == "payments-prod/ReadOnly"
    assert result.positions(result.rows[0]) == {
        "account": (0, 1, 2, 9, 10, 11, 12), "role": (0, 4), "environment": (0, 1, 2, 3), "ou": (10, 11, 12, 13),
    }  # fmt: skip
    assert search("payments-prod/audit").positions(2) == {"account": tuple(range(13)), "role": (0, 1, 2, 3, 4)}
    assert search("111111111111").positions(0) == {"id": tuple(range(12))}
    assert search("ou:prod").positions(0) == {"ou": (10, 11, 12, 13)}
    assert search("!audit").positions(0) == {}
    assert search(SMALL[1].arn).positions(1) == {"id": tuple(range(12)), "role": (0, 1, 2, 3, 4, 5)}


def test_equal_scores_keep_the_order_of_the_catalog_fewer_words_first() -> None:
    index = index_of("web-eu-prod/R", "web-prod/R", "web-dev/R", "web-prod-eu/R")
    assert list(index.search("web").rows) == [1, 2, 0, 3]


def test_accounts_need_not_stand_together_nor_be_shared() -> None:
    mixed = [target("a-prod", "Audit", 1), target("b-prod", "Audit", 2), target("a-prod", "Deploy", 1)]
    index = Index(mixed)
    assert sorted(index.search("prod").rows) == [0, 1, 2]
    assert list(index.search("prod dep").rows) == [2]
    assert index.row("a-prod/Deploy") == 2
    assert Index([]).search("x").total == 0
    assert Index([]).search("").rows == range(0)
    assert Index([]).nearest("x") == ""


def test_importing_the_search_is_light() -> None:
    heavy = {"json", "textual", "boto3", "botocore", "keyring", "tomli", "argparse", "difflib", "cryptography"}
    program = f"import sys, xswitch.catalog.search; print(*({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
