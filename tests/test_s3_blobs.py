"""Blobs in S3-compatible storage: what a folder does not have to think of. The rest is in `test_blobs.py`."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import socket
import sys
from pathlib import Path

import pytest

from storage.blobs import key_of, open_blobs
from storage.errors import CorruptBlob, NotFound, OptionError, StorageRefused, StorageUnavailable
from storage.object_store import CHUNK_BYTES, S3Access
from storage.s3_blobs import S3Blobs
from tests.s3_server import S3Server, s3_server
from tests.webserver import Reply, WebServer


@pytest.fixture
def bucket(s3: S3Server) -> str:
    """Return the name of an empty bucket."""
    return s3.new_bucket()


@pytest.fixture
def here(s3: S3Server, bucket: str, tmp_path: Path) -> S3Blobs:
    """Return an empty store as one machine sees it."""
    return S3Blobs(f"s3://{bucket}", tmp_path / "here", access=s3.access)


@pytest.fixture
def there(s3: S3Server, bucket: str, tmp_path: Path) -> S3Blobs:
    """Return the same store as another machine sees it."""
    return S3Blobs(f"s3://{bucket}", tmp_path / "there", access=s3.access)


def test_what_one_machine_puts_another_reads(here: S3Blobs, there: S3Blobs) -> None:
    """Each has its own copy."""
    digest = here.put(b"artefact")
    assert there.has(digest)
    assert there.read(digest) == b"artefact"
    assert there.path(digest) != here.path(digest)


def test_a_file_of_several_chunks_arrives_whole(here: S3Blobs, there: S3Blobs) -> None:
    """A large file goes up as a multipart upload and comes down in pieces."""
    data = os.urandom(2 * CHUNK_BYTES + 12345)
    with here.workspace() as folder:
        (folder / "audio").write_bytes(data)
        digest = here.adopt(folder / "audio")
    assert digest == hashlib.sha256(data).hexdigest()
    assert there.path(digest).read_bytes() == data


def test_a_blob_that_was_adopted_is_not_fetched_again(here: S3Blobs, s3: S3Server, bucket: str) -> None:
    """The file stays as the copy."""
    digest = here.put(b"whole")
    s3.damage(bucket, key_of(digest), b"damaged")
    assert here.read(digest) == b"whole"


def test_a_blob_lies_in_a_bucket_as_it_would_in_a_folder(here: S3Blobs, s3: S3Server, bucket: str, tmp_path: Path) -> None:
    """So that one can be copied to the other by any tool."""
    digest = here.put(b"whole")
    assert s3.keys(bucket) == [f"{digest[:2]}/{digest[2:]}"]
    assert (tmp_path / "here" / s3.keys(bucket)[0]).read_bytes() == b"whole"


def test_an_object_that_was_damaged_in_the_store_is_never_handed_out(
    here: S3Blobs, there: S3Blobs, s3: S3Server, bucket: str, tmp_path: Path
) -> None:
    """Nothing of it stays on this machine, and putting the blob again mends it."""
    digest = here.put(b"whole")
    for damaged in (b"while", b"who", b""):
        s3.damage(bucket, key_of(digest), damaged)
        with pytest.raises(CorruptBlob, match="in the object store"):
            there.path(digest)
        with pytest.raises(CorruptBlob, match="in the object store"):
            there.read(digest)
        assert not list((tmp_path / "there" / "tmp").iterdir())
    here.put(b"whole")
    assert there.read(digest) == b"whole"


def test_a_copy_that_was_changed_on_disk_is_fetched_again(here: S3Blobs) -> None:
    """The store is the truth."""
    digest = here.put(b"whole")
    here.path(digest).write_bytes(b"half")
    assert here.read(digest) == b"whole"
    assert here.path(digest).read_bytes() == b"whole"


def test_a_blob_that_another_machine_removed_is_not_in_the_store(here: S3Blobs, there: S3Blobs) -> None:
    """`has` asks the store, whatever copies there are."""
    digest = here.put(b"data")
    there.remove(digest)
    assert not here.has(digest)


def test_two_processes_that_put_one_blob_keep_it_once(here: S3Blobs, s3: S3Server, bucket: str, tmp_path: Path) -> None:
    """Two machines that did the same work both succeed; so do two workers that share their copies."""
    context = multiprocessing.get_context("spawn")
    folders = [tmp_path / "first", tmp_path / "second", tmp_path / "second"]
    arguments = [(f"s3://{bucket}", folder, s3.access) for folder in folders]
    with context.Pool(3) as pool:
        digests = pool.starmap(_put_many, arguments)
    assert digests[0] == digests[1] == digests[2]
    assert len(s3.keys(bucket)) == len(digests[0])
    assert [here.read(digest) for digest in digests[0]] == [_data(number) for number in range(20)]


def _put_many(url: str, cache: Path, access: S3Access) -> list[str]:
    """Put twenty blobs and read each back."""
    blobs = S3Blobs(url, cache, access=access, cache_bytes=50_000)
    digests = [blobs.put(_data(number)) for number in range(20)]
    assert all(blobs.path(digest).read_bytes() == _data(number) for number, digest in enumerate(digests))
    return digests


def _data(number: int) -> bytes:
    return bytes([number]) * 10_000


# -------------------------------------------------------------- what the store answers


def test_a_store_that_is_down_is_worth_another_try(tmp_path: Path) -> None:
    """Every verb says where it is and what to check, and a file that could not be adopted is still there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    access = S3Access(f"http://127.0.0.1:{port}", "us-east-1", "key", "secret")
    blobs = S3Blobs("s3://bucket/prefix", tmp_path, access=access)
    part = blobs.downloads("ep_1")
    part.write_bytes(b"audio")
    with pytest.raises(StorageUnavailable, match=rf"s3://bucket/prefix at http://127.0.0.1:{port} does not answer") as caught:
        blobs.adopt(part)
    assert "AWS_ENDPOINT_URL" in caught.value.hint
    assert part.read_bytes() == b"audio"
    with pytest.raises(StorageUnavailable):
        blobs.path("a" * 64)


def test_copies_are_read_while_the_store_is_down(tmp_path: Path) -> None:
    """What is here is here; whether the store has it cannot be told."""
    with s3_server(tmp_path) as server:
        blobs = S3Blobs(f"s3://{server.new_bucket()}", tmp_path / "blobs", access=server.access)
        digest = blobs.put(b"before")
    assert blobs.read(digest) == b"before"
    with pytest.raises(StorageUnavailable):
        blobs.has(digest)


def test_wrong_credentials_are_refused_with_the_variables_to_set(here: S3Blobs, s3: S3Server) -> None:
    """Trying again would not help."""
    with s3.strict():
        with pytest.raises(StorageRefused, match="InvalidAccessKeyId") as caught:
            here.put(b"data")
        with pytest.raises(StorageRefused, match="403"):
            here.has("a" * 64)
        with pytest.raises(StorageRefused):
            here.remove("a" * 64)
    assert "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY" in caught.value.hint
    assert "secret" not in str(caught.value).replace("SECRET", "")
    assert "secret" not in repr(s3.access)


def test_a_bucket_that_is_not_there_is_refused(s3: S3Server, tmp_path: Path) -> None:
    """A wrong name is not an outage."""
    blobs = S3Blobs("s3://no-such-bucket", tmp_path, access=s3.access)
    with pytest.raises(StorageRefused, match="no such bucket"):
        blobs.put(b"data")
    with pytest.raises(NotFound):
        blobs.read("a" * 64)


@pytest.mark.parametrize(
    ("status", "error"), [(400, StorageRefused), (301, StorageRefused), (429, StorageUnavailable), (503, StorageUnavailable)]
)
def test_the_status_of_an_answer_decides_whether_it_is_worth_another_try(
    status: int, error: type[Exception], webserver: WebServer, tmp_path: Path
) -> None:
    """And the store's own words are told."""
    body = b"<Error><Code>SomeCode</Code><Message>In words.</Message></Error>"
    webserver.routes["/bucket/" + key_of(hashlib.sha256(b"data").hexdigest())] = Reply(body, status=status)
    blobs = S3Blobs("s3://bucket", tmp_path, access=S3Access(webserver.url(""), "us-east-1", "key", "secret"))
    with pytest.raises(error) as caught:
        blobs.put(b"data")
    assert status == 301 or "SomeCode: In words" in str(caught.value)


def test_without_credentials_an_own_hosted_store_is_refused_at_once(no_credentials: None, tmp_path: Path) -> None:
    """They would be looked for at Amazon's metadata address, which is not there."""
    with pytest.raises(StorageRefused, match="no credentials"):
        S3Blobs("s3://bucket", tmp_path, access=S3Access("http://127.0.0.1:9"))


def test_without_credentials_or_a_role_amazon_is_not_asked(
    no_credentials: None, monkeypatch: pytest.MonkeyPatch, webserver: WebServer, tmp_path: Path
) -> None:
    """A machine of theirs without a role answers 404."""
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", webserver.url(""))
    with pytest.raises(StorageRefused, match="no credentials") as caught:
        S3Blobs("s3://bucket", tmp_path, access=S3Access()).put(b"data")
    assert "AWS_ACCESS_KEY_ID" in caught.value.hint
    assert webserver.requests


@pytest.fixture
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every variable away that could name some."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)


def test_a_download_that_breaks_off_leaves_nothing_behind(webserver: WebServer, tmp_path: Path) -> None:
    """It is taken up where it broke off; when that happens too often, the blob is absent, not half."""
    data = os.urandom(300_000)
    digest = hashlib.sha256(data).hexdigest()
    path = "/bucket/" + key_of(digest)
    blobs = S3Blobs("s3://bucket", tmp_path, access=S3Access(webserver.url(""), "us-east-1", "key", "secret"))
    webserver.routes[path] = Reply(data, drop_after=1000)
    with pytest.raises(StorageUnavailable):
        blobs.path(digest)
    assert not [item for item in tmp_path.rglob("*") if item.is_file() and item.name != ".earmark.lock"]
    webserver.routes[path] = [Reply(data), Reply(data, drop_after=100_000), Reply(data)]
    assert blobs.path(digest).read_bytes() == data


def test_the_environment_says_where_the_store_is(
    monkeypatch: pytest.MonkeyPatch, s3: S3Server, bucket: str, tmp_path: Path
) -> None:
    """The variables are those of the AWS command line."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    digest = open_blobs(f"s3://{bucket}/some/prefix", cache=tmp_path).put(b"data")
    assert s3.keys(bucket) == [f"some/prefix/{key_of(digest)}"]


def test_a_machine_without_the_library_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Folders need nothing of it."""
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(OptionError, match=r"earmark\[s3\]"):
        open_blobs("s3://bucket", cache=tmp_path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_is_told_that_it_cannot_use_the_store(here: S3Blobs) -> None:
    """The library's threads stay behind, and it would wait for them for ever."""
    here.put(b"data")
    child = os.fork()
    if child == 0:
        try:
            here.put(b"more")
        except RuntimeError:
            os._exit(7)
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
