"""The shop's client against answers that a test gives: what it tries again, what it gives up, and in which order."""

import json
import threading
from collections.abc import Callable, Iterator

import pytest

from local_stack.items4u.client import Client, NotDelivered
from local_stack.items4u.sessions import Post, Session, Shop
from tests.http_server import QuietHandler, serving

Answer = Callable[[str, bytes], tuple[int, dict[str, str], bytes]]
POST = Post("web", {"environment": "production"}, ())


class Server:
    """A server whose answers a test sets; it remembers what was asked."""

    url = ""

    def __init__(self) -> None:
        self.answer: Answer = lambda _path, _body: (202, {}, b"")
        self.asked: list[tuple[str, str, bytes]] = []


@pytest.fixture
def server() -> Iterator[Server]:
    asked = Server()

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.body()
            asked.asked.append((self.path, self.headers.get("Authorization", ""), body))
            status, headers, content = asked.answer(self.path, body)
            self.answer(status, content, **headers)

        do_GET = do_POST

    with serving(Handler) as asked.url:
        yield asked


def scripted(*answers: tuple[int, dict[str, str]]) -> Answer:
    """Give these answers in turn, and then 202."""
    left = list(answers)
    return lambda _path, _body: (*left.pop(0), b"{}") if left else (202, {}, b"")


def test_a_refusal_for_now_is_tried_again_after_the_time_that_it_names(server: Server) -> None:
    waits: list[float] = []
    server.answer = scripted((429, {"Retry-After": "3"}), (503, {}), (503, {}))
    Client(server.url, sleep=waits.append).post(POST)
    assert waits == [3.0, 0.1, 0.2]
    assert len({body for _, _, body in server.asked}) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_for_good_is_not_tried_again(server: Server, status: int) -> None:
    waits: list[float] = []
    server.answer = scripted((status, {}))
    with pytest.raises(NotDelivered, match=str(status)):
        Client(server.url, sleep=waits.append).post(POST)
    assert waits == []


def test_a_server_that_never_recovers_is_given_up(server: Server) -> None:
    waits: list[float] = []
    server.answer = lambda _path, _body: (503, {}, b"")
    with pytest.raises(NotDelivered, match="503"):
        Client(server.url, sleep=waits.append).post(POST)
    assert max(waits) == 2.0
    assert 60 < sum(waits) < 90


def test_a_connection_that_nobody_answers_is_tried_again(server: Server) -> None:
    tries: list[float] = []

    class Enough(Exception):
        pass

    def enough(wait: float) -> None:
        tries.append(wait)
        if len(tries) == 3:
            raise Enough

    with pytest.raises(Enough):
        Client("http://127.0.0.1:1", sleep=enough).post(POST)


class Shopfront:
    """Answers like mParticle and notes who is being served at the same time."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self._lock = threading.Lock()

    def __call__(self, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        with self._lock:
            if path == "/v1/identify":
                self.order.append("identify")
                return 200, {}, b'{"mpid": "5"}'
            if path.startswith("/userprofile"):
                self.order.append("profile")
                return 200, {}, b'{"user_attributes": {"product_recs": ["a", "b"]}}'
            self.order.append(json.loads(body)["source_request_id"])
            return 202, {}, b""


def one_session(*, of: str | None = None, steps: int = 2) -> Session:
    sessions = Shop(1, 60).sessions()
    return next(s for s in sessions if len(s.uploads) >= steps and (of is None or s.shopper_id == of))


def test_the_list_is_read_before_the_first_event_and_the_events_are_posted_in_order(server: Server) -> None:
    server.answer = front = Shopfront()
    session = one_session()
    played = Client(server.url).play(session, clock=lambda: 1_800_000_000.0)
    posts = [post.batch["source_request_id"] for post in session.posts(lambda: 0.0)]
    assert front.order == ["identify", "profile", *posts]
    assert (played.mpid, played.recommended, played.batches) == (5, ("a", "b"), len(posts))
    assert played.interactions == sum(len(post.interactions) for post in session.posts(lambda: 0.0))
    assert {key for path, key, _ in server.asked if path == "/v2/events"} != {""}


def test_a_session_begins_with_its_first_event_even_where_the_clock_shows_the_next_second(server: Server) -> None:
    server.answer = Shopfront()
    session = next(s for s in Shop(1, 60).sessions() if len(s.uploads[0].events) > 1)
    played = Client(server.url).play(session, clock=lambda: 1_800_000_000.001)
    assert played.began == 1_799_999_999


@pytest.mark.parametrize("is_bought", [True, False])
def test_the_longer_list_is_asked_for_before_the_first_event_where_something_is_bought(
    server: Server, is_bought: bool
) -> None:
    server.answer = front = Shopfront()
    session = next(s for s in Shop(1, 60).sessions() if bool(s.purchased_items) is is_bought)

    def rank(mpid: int) -> tuple[str, ...]:
        front.order.append(f"rank {mpid}")
        return "a", "b", "c"

    played = Client(server.url, rank=rank).play(session)
    assert played.ranked == (("a", "b", "c") if is_bought else ())
    assert front.order[:3] == ["identify", "profile", "rank 5"] if is_bought else "rank 5" not in front.order


def test_sessions_of_one_shopper_never_overlap_however_many_threads_there_are(server: Server) -> None:
    server.answer = front = Shopfront()
    who = one_session().shopper_id
    visits = Shop(1, 60).sessions()
    own: list[Session] = []
    while len(own) < 4:
        session = next(visits)
        own += [session] if session.shopper_id == who else []
    played = list(Client(server.url).play_all(own, concurrency=4))
    assert [each.session for each in played] == own
    expected = [["identify", "profile", *(p.batch["source_request_id"] for p in s.posts(lambda: 0.0))] for s in own]
    assert front.order == [step for each in expected for step in each]


def test_an_endless_run_ends_when_its_caller_has_seen_enough(server: Server) -> None:
    server.answer = Shopfront()
    running = Client(server.url).play_all(Shop(1, 60).sessions(), concurrency=2)
    for _ in range(5):
        next(running)
    running.close()
    assert not [each for each in threading.enumerate() if each.name.startswith("items4u")]
