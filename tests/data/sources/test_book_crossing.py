"""Book-Crossing: odd ids and titles kept, bad lines left out by the reason, the real subset."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from builders import REAL_DATA, needs_real

from graphrec_cli.config.book_crossing import BookCrossingConfig
from graphrec_cli.config.dataset import (
    KCoreConfig,
    KCoreMode,
    PrefilterConfig,
    PrefilterKCoreConfig,
    RemoteFileConfig,
)
from graphrec_cli.data.preprocess import preprocess
from graphrec_cli.data.source import SourceData
from graphrec_cli.data.sources.book_crossing import BOOK_CROSSING
from graphrec_cli.errors import ConfigError, DataError

real_data = needs_real("book-crossing")
HEADER = b'"User-ID";"ISBN";"Book-Rating"\r\n'
BOOKS_HEADER = b'"ISBN";"Book-Title";"Book-Author"\r\n'
SOUND = b'"276725";"034545104X";"0"\r\n'


def config(max_bad_lines: float = 0.0) -> BookCrossingConfig:
    archive = RemoteFileConfig(url="http://127.0.0.1:9/BX-CSV-Dump.zip")
    return BookCrossingConfig(archive=archive, download=False, max_bad_lines=max_bad_lines)


def load(root: Path, files: dict[str, bytes], max_bad_lines: float = 0.0) -> SourceData:
    folder = root / "book-crossing"
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return BOOK_CROSSING.read(config(max_bad_lines), data_dir=root, seed=0)


def test_isbns_and_titles_survive_as_they_are_written(tmp_path: Path) -> None:
    isbns = ["034545104X", "0425115801", "NA", "0 907 062 008", "1e5", "\xe9;", "9" * 19]
    rows = "".join(f'"{n}";"{isbn}";"{n}"\r\n' for n, isbn in enumerate(isbns))
    books = (
        BOOKS_HEADER
        + b'"0425115801";"The \\"Real\\" J. Peterman &amp; Co; Part 1";"A"\r\n'
        + b'"NA";"Les Mis\xe9rables";"B"\n'
        + b'"never rated";"x";"y"\n'
        + b'"1e5";"broken;"z"\n'
        + b'"NA";"a second title";"B"\n'
    )
    source = load(
        tmp_path, {"BX-Book-Ratings.csv": HEADER + rows.encode("latin-1"), "BX-Books.csv": books}
    )
    assert source.table.item_id.tolist() == isbns
    assert source.table.user_id.tolist() == [str(n) for n in range(len(isbns))]
    assert source.table.rating.tolist() == list(range(len(isbns)))
    assert source.titles is not None
    assert dict(zip(source.titles[0].tolist(), source.titles[1].tolist(), strict=True)) == {
        "0425115801": 'The "Real" J. Peterman &amp; Co; Part 1',
        "NA": "Les Misérables",
    }
    (bad,) = source.quarantine
    assert (bad.file, bad.line, bad.text) == ("BX-Books.csv", 5, '"1e5";"broken;"z"')
    assert source.funnel.to_dict()["notes"] == {"title_lines_left_out": 1}


def test_bad_lines_are_counted_by_reason_and_kept(tmp_path: Path) -> None:
    bad_lines = {
        b'"1";"2"': "not 3 fields",
        b'"1";"2";"11"': "Book-Rating is no number from 0 to 10",
        b'"1";"2";"-1"': "Book-Rating is no number from 0 to 10",
        b'"1";"2";"nan"': "Book-Rating is no number from 0 to 10",
        b'"1";"2";""': "Book-Rating is no number from 0 to 10",
        b'"";"2";"1"': "User-ID is empty",
        b'"1";" ";"1"': "ISBN is empty",
        b'"1";"' + b"x" * 257 + b'";"1"': "ISBN is longer than 256 characters",
        b'"1";"04': "its quotes do not match",
    }
    content = HEADER + b"\r\n".join([SOUND.strip(), *bad_lines])
    source = load(tmp_path, {"BX-Book-Ratings.csv": content}, max_bad_lines=0.9)
    assert source.table.item_id.tolist() == ["034545104X"]
    assert [(line.line, line.reason) for line in source.quarantine] == list(
        enumerate(bad_lines.values(), start=3)
    )
    assert [line.text.encode() for line in source.quarantine] == list(bad_lines)
    funnel = source.funnel.to_dict()
    assert (funnel["rows_read"], funnel["rows_left"]) == (10, 1)
    assert {step.stage for step in source.funnel.steps} == {"read"}
    causes = {step.cause.partition(": ")[2]: step.rows_dropped for step in source.funnel.steps}
    assert causes["Book-Rating is no number from 0 to 10"] == 4
    assert set(causes) == set(bad_lines.values())


def test_too_many_bad_lines_are_refused_by_the_first_one(tmp_path: Path) -> None:
    content = HEADER + SOUND * 97 + b'"1";"x\x01";"99"\r\n"2";"3"\n' + SOUND
    assert len(load(tmp_path, {"BX-Book-Ratings.csv": content}, 0.02).quarantine) == 2
    with pytest.raises(DataError) as caught:
        load(tmp_path, {"BX-Book-Ratings.csv": content}, 0.019)
    assert str(caught.value).endswith(
        "BX-Book-Ratings.csv: 2 of 100 lines are bad, more than the share of 0.019 that "
        "dataset.max_bad_lines allows; the first is line 99 (Book-Rating is no number from 0 to "
        '10): "1";"x?";"99"'
    )


@pytest.mark.parametrize("content", [HEADER, HEADER + b"\r\n", HEADER + b'"1";"2"\n'])
def test_a_file_without_a_rating_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DataError, match=r"BX-Book-Ratings\.csv holds no ratings"):
        load(tmp_path, {"BX-Book-Ratings.csv": content}, 1.0)


def test_the_published_zip_is_read_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "book-crossing"
    folder.mkdir()
    with zipfile.ZipFile(folder / "BX-CSV-Dump.zip", "w") as opened:
        opened.writestr("BX-Book-Ratings.csv", HEADER + SOUND)
        opened.writestr("BX-Books.csv", BOOKS_HEADER + b'"034545104X";"Flesh Tones";"M"\n')
    source = load(tmp_path, {})
    assert source.titles is not None
    assert source.titles[1].tolist() == ["Flesh Tones"]
    assert [file.path.name for file in source.files] == ["BX-CSV-Dump.zip"]


def test_a_missing_file_is_named_with_its_folder_and_address(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        load(tmp_path, {})
    assert str(caught.value) == (
        "BX-Book-Ratings.csv (plain, .gz, .zip or in BX-CSV-Dump.zip) not found in "
        f"{tmp_path}/book-crossing; put them there from http://127.0.0.1:9/BX-CSV-Dump.zip, or "
        "set dataset.download=true"
    )


def test_a_dead_address_names_what_is_missing_and_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(remote: RemoteFileConfig, target: Path) -> None:
        raise DataError(f"{remote.url} answered 404")

    monkeypatch.setattr("graphrec_cli.data.files.archive.download", fail)
    fetching = config()
    fetching.download = True
    with pytest.raises(DataError, match=r"404 \(in .*book-crossing are missing: BX-Book-Ratings"):
        BOOK_CROSSING.read(fetching, data_dir=tmp_path, seed=0)


@pytest.mark.parametrize("share", [1.5, float("nan")])
def test_values_out_of_range_are_refused(share: float) -> None:
    with pytest.raises(ConfigError, match=r"dataset\.max_bad_lines must lie between 0 and 1"):
        config(share)
    with pytest.raises(ConfigError, match=r"dataset\.rating_threshold must lie between 0 and 10"):
        BookCrossingConfig(archive=RemoteFileConfig(url="x.zip"), rating_threshold=10 + share)


@pytest.mark.slow
@real_data
def test_the_real_subset_and_the_notebooks_two_filters() -> None:
    source = BOOK_CROSSING.read(config(), data_dir=REAL_DATA, seed=0)
    assert len(source.table) == 261_317
    assert source.quarantine == ()
    assert int((source.table.rating > 0).sum()) == 88_552
    frame = pd.DataFrame(
        {
            "user": source.table.user_id,
            "isbn": source.table.item_id,
            "rating": source.table.rating,
        }
    )
    for threshold in (1, 7):
        frame = frame[frame["rating"] >= threshold]
        for column in ("user", "isbn"):
            counts = frame[column].value_counts()
            frame = frame[frame[column].isin(counts[counts >= 5].index)]
    interactions = preprocess(
        source.table,
        prefilter=PrefilterConfig(
            rating_threshold=1.0,
            k_core=PrefilterKCoreConfig(
                mode=KCoreMode.one_pass, min_user_interactions=5, min_item_interactions=5
            ),
        ),
        rating_threshold=7.0,
        k_core=KCoreConfig(mode=KCoreMode.one_pass),
        funnel=source.funnel,
    )
    assert len(interactions) == len(frame)
    assert interactions.users.ids.tolist() == sorted(frame["user"].unique())
    assert interactions.items.ids.tolist() == sorted(frame["isbn"].unique())
    users = interactions.users.ids[interactions.user_index]
    np.testing.assert_array_equal(users, frame["user"].to_numpy(dtype=str))
