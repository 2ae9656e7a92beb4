"""What AWS answers, and what others answer in its place: a sign-in page, a bomb, half a document."""

from __future__ import annotations

import tracemalloc
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import examples

from xswitch.aws.http import Response, Trouble
from xswitch.aws.query import Answer, Refusal, read, texts

STS = "https://sts.amazonaws.com/doc/2011-06-15/"
WHO = f"""<GetCallerIdentityResponse xmlns="{STS}">
  <GetCallerIdentityResult>
    <Arn>arn:aws:iam::1:user/x</Arn><UserId>U</UserId><Account>1</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata>
</GetCallerIdentityResponse>"""
ERROR = f"""<ErrorResponse xmlns="{STS}"><Error><Type>Sender</Type><Code>AccessDenied</Code>
<Message>User: a &amp; b</Message></Error><RequestId>r-2</RequestId></ErrorResponse>"""
BOMB = """<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;&c;&c;&c;</a>"""
OUTSIDE = """<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>"""
SIGN_IN = "<!DOCTYPE html><html><body>Please sign in to the airport's network</body></html>"


def answered(body: str | bytes, status: int = 200, **headers: str) -> Answer | Refusal:
    data = body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read("GetCallerIdentity", Response(status, named, data), 1.5)


def nested(name: str, deep: int) -> str:
    return f"<{name}>" * deep + f"</{name}>" * deep


def test_an_answer_is_its_fields() -> None:
    found = answered(WHO)
    assert isinstance(found, Answer)
    assert (found.fields["Arn"], found.fields["Account"], found.request_id) == ("arn:aws:iam::1:user/x", "1", "r-1")


def test_a_refusal_is_what_aws_said() -> None:
    found = answered(ERROR, 403, x_amz_retry_after="1500")
    assert found == Refusal("AccessDenied", "User: a & b", 403, "r-2", 1.5, "1500")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        "<a/>",
        SIGN_IN,
        "<html><body>sign in</body></html>",
        BOMB,
        OUTSIDE,
        WHO[: len(WHO) // 2],
        WHO.replace("GetCallerIdentityResult", "Other"),
        WHO.replace("GetCallerIdentityResponse", "AssumeRoleResponse"),
        WHO + "<more/>",
        ERROR,
        "<a>" * 5000 + "</a>" * 5000,
        "<?xml version='1.0' encoding='klingon'?><a/>",
        "<?xml version='1.0' encoding='utf-16'?><a/>",
        "<a b='1' b='2'/>",
        b"<html>\xff\xfe</html>",
        "\0" * 100,
    ],
)
def test_whatever_answers_in_aws_s_place_is_not_aws(body: str | bytes) -> None:
    with pytest.raises(Trouble) as caught:
        answered(body)
    assert (caught.value.kind, caught.value.passing) == ("not-aws", False)


@pytest.mark.parametrize("document", [BOMB, OUTSIDE, SIGN_IN, f'<!DOCTYPE a [<!ENTITY b "1">]>{WHO}'])
def test_a_document_type_ends_the_reading(document: str) -> None:
    with pytest.raises(Trouble):
        texts(document.encode())


def test_depth_ends_the_reading() -> None:
    assert len(texts(b"<a>" * 32 + b"</a>" * 32)) == 32
    with pytest.raises(Trouble):
        texts(b"<a>" * 33 + b"</a>" * 33)


@pytest.mark.parametrize(
    ("taken", "refused"),
    [
        (f"<{'n' * 128}/>", f"<{'n' * 129}/>"),
        (f"<a>{'<a/>' * 4095}</a>", f"<a>{'<a/>' * 4096}</a>"),
        (nested("n" * 127, 4), nested("n" * 127, 5)),
    ],
    ids=["a name", "elements", "a path"],
)
def test_size_ends_the_reading(taken: str, refused: str) -> None:
    assert texts(taken.encode())
    with pytest.raises(Trouble):
        texts(refused.encode())


def test_a_body_costs_a_small_multiple_of_its_size() -> None:
    name = "n" * 50_000
    body = f"<{name}>{''.join(f'<a{number}/>' for number in range(8000))}</{name}>".encode()
    tracemalloc.start()
    try:
        with pytest.raises(Trouble):
            texts(body)
        assert tracemalloc.get_traced_memory()[1] < 4 * len(body)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("status", [204, 301, 302, 307])
def test_what_is_no_success_is_no_answer(status: int) -> None:
    for body in ("", SIGN_IN, WHO if status != 204 else ""):
        with pytest.raises(Trouble):
            answered(body, status)


@pytest.mark.parametrize("body", ["", SIGN_IN, BOMB, "<a/>", "{}"])
@pytest.mark.parametrize(("status", "passing"), [(403, False), (404, False), (429, True), (500, True), (503, True)])
def test_an_error_without_aws_s_words_is_known_by_its_status(body: str, status: int, passing: bool) -> None:
    found = answered(body, status)
    assert isinstance(found, Refusal)
    assert (found.code, found.status, found.passing) == ("", status, passing)


@pytest.mark.parametrize(
    ("code", "status", "throttled", "passing"),
    [
        ("Throttling", 400, True, True),
        ("RequestLimitExceeded", 503, True, True),
        ("TooManyRequestsException", 429, True, True),
        ("RequestTimeout", 408, False, True),
        ("InternalFailure", 500, False, True),
        ("ServiceUnavailable", 503, False, True),
        ("NotImplemented", 501, False, False),
        ("AccessDenied", 403, False, False),
        ("ValidationError", 400, False, False),
    ],
)
def test_what_is_worth_another_try(code: str, status: int, throttled: bool, passing: bool) -> None:
    found = Refusal(code, "", status)
    assert (found.throttled, found.passing) == (throttled, passing)


def test_a_prefix_of_the_namespace_and_a_second_of_a_name_change_nothing() -> None:
    other = WHO.replace("<", "<s:").replace("<s:/", "</s:").replace("xmlns=", "xmlns:s=")
    found = answered(other.replace("</s:Arn>", "</s:Arn><s:Arn>another</s:Arn>"))
    assert isinstance(found, Answer)
    assert found.fields["Arn"] == "arn:aws:iam::1:user/x"


NAMES = st.sampled_from(["Arn", "Account", "Credentials", "member", "A"])
TREES = st.recursive(
    st.text(
        st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=20
    ),
    lambda inner: st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


def element(name: str, tree: object) -> ElementTree.Element:
    made = ElementTree.Element(name)
    if isinstance(tree, dict):
        made.extend(element(key, below) for key, below in tree.items())
    else:
        made.text = str(tree)
    return made


def by_element_tree(root: ElementTree.Element, path: str) -> dict[str, str]:
    found = {path: root.text or ""}
    for below in root:
        found |= by_element_tree(below, f"{path}.{below.tag}")
    return found


@examples(200)
@given(TREES, st.sampled_from(["utf-8", "utf-16", "iso-8859-1"]))
def test_texts_are_those_that_the_standard_library_reads(tree: object, encoding: str) -> None:
    document = ElementTree.tostring(element("Root", tree), encoding=encoding, xml_declaration=True)
    assert texts(document) == by_element_tree(ElementTree.fromstring(document), "Root")


@examples(300)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f"<a>{text}</a>".encode("utf-8", "replace")))
def test_any_bytes_are_read_or_refused(document: bytes) -> None:
    try:
        found = texts(document)
    except Trouble as trouble:
        assert trouble.kind == "not-aws"
    else:
        ElementTree.fromstring(document)
        assert found
