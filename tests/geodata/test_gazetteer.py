"""Finding places from what somebody typed, over some real names of Lanzhou (`names.csv`)."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata import codes, gazetteer
from geodata.gazetteer import Alias, Candidate, Gazetteer, Record, reading
from geodata.gazetteer.index import NameIndex

HERE = Path(__file__).parent
ALIASES = Path(gazetteer.__file__).parents[1] / "demo" / "aliases.csv"
RADIUS_M = {"city": 60_000, "district": 15_000, "subdistrict": 2000, "community": 500, "cell": 120}


def records() -> list[Record]:
    """The names, and three cells in each community."""
    with (HERE / "names.csv").open(encoding="utf-8") as file:
        rows = [(int(row["code"]), row["level"], row["name"]) for row in csv.DictReader(file)]
    rows += [
        (code + number, "cell", f"{name}第{number}网格")
        for code, level, name in rows
        if level == "community"
        for number in (1, 2, 3)
    ]
    return [Record(code, level, name, 103.8, 36.0, RADIUS_M[level]) for code, level, name in rows]


CITY = Gazetteer(records(), gazetteer.read_aliases(ALIASES))
NAMES = {record.code: record.name for record in records()}
AREAS = [r for r in records() if r.level in ("district", "subdistrict", "community")]


def labels(text: str) -> list[str]:
    return [candidate.label for candidate in CITY.search(text)]


def best(text: str) -> Candidate:
    return CITY.search(text)[0]


@pytest.mark.parametrize(
    ("text", "label", "least"),
    [
        ("安宁区安宁西路街道费家营社区", "安宁区安宁西路街道费家营社区", 1.0),
        ("城关区白银路街道12号楼", "城关区白银路街道", 0.9),
        ("甘肃省兰州市城关区酒泉路街道畅家巷社区3号楼2单元", "城关区酒泉路街道畅家巷社区", 1.0),
        ("城关区　酒泉路街道，畅家巷社区", "城关区酒泉路街道畅家巷社区", 1.0),
        ("城关白银路街道", "城关区白银路街道", 0.9),
        ("兰州费家营", "安宁区安宁西路街道费家营社区", 0.8),
        ("城关区南昌路社区居委会", "城关区渭源路街道南昌路社区", 0.9),
        ("安宁西路街道办事处", "安宁区安宁西路街道", 0.9),
        ("花庄镇花庄村民委员会", "红古区花庄镇花庄村", 0.9),
        ("东岗东路社区", "城关区拱星墩街道东岗东路社区", 1.0),
        ("东岗西路街道", "城关区东岗西路街道", 1.0),
        ("火车站街道火车站东路", "城关区火车站街道", 0.7),
        ("安宁区十里店桥头", "安宁区十里店街道桥头社区", 0.8),
        ("安宁区桥头社区旁边的小卖部", "安宁区十里店街道桥头社区", 1.0),
        # Names and parents of former days.
        ("皋兰县忠和镇", "安宁区忠和镇", 0.9),
        ("皋兰县忠和镇盐池村", "安宁区忠和镇盐池村", 1.0),
        ("皋兰九合镇", "安宁区九合镇", 0.9),
        ("安宁区西路街道费家营", "安宁区安宁西路街道费家营社区", 0.8),
        ("红古乡", "红古区红古镇", 0.9),
        # The name of an area in the name of another.
        ("红古区红古镇红古社区", "红古区红古镇红古社区", 1.0),
        ("皋兰路街道", "城关区皋兰路街道", 1.0),
        ("永登城关镇", "永登县城关镇", 0.9),
        ("榆中县和平镇和平村", "榆中县和平镇和平村", 1.0),
        ("城关", "城关区", 0.8),
        ("安宁", "安宁区", 0.8),
        ("兰州", "兰州市", 0.8),
        # Which of several of one name: the district says.
        ("榆中县高家湾村", "榆中县马坡乡高家湾村", 1.0),
        ("安宁王家庄社区", "安宁区孔家崖街道王家庄社区", 1.0),
        # Cells by their number.
        ("畅家巷社区第3网格", "城关区酒泉路街道畅家巷社区第3网格", 1.0),
        ("酒泉路街道畅家巷2号网格", "城关区酒泉路街道畅家巷社区第2网格", 0.6),
    ],
)
def test_addresses_people_write(text: str, label: str, least: float) -> None:
    found = best(text)
    assert found.label == label
    assert found.score >= least


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("费家莹社区", "安宁区安宁西路街道费家营社区"),
        ("费营社区", "安宁区安宁西路街道费家营社区"),
        ("费家家营社区", "安宁区安宁西路街道费家营社区"),
        ("安宁区安宁西路接道", "安宁区安宁西路街道"),
        ("酒泉路接道", "城关区酒泉路街道"),
        ("城关区酒权路街道", "城关区酒泉路街道"),
        ("张掖路街到", "城关区张掖路街道"),
        ("海石湾镇大统路社区", "红古区海石湾镇大通路社区"),
        ("忠合镇", "安宁区忠和镇"),
    ],
)
def test_slips_are_understood_but_not_believed_outright(text: str, label: str) -> None:
    assert best(text).label == label
    assert 0.4 < best(text).score < 0.9


@pytest.mark.parametrize(
    "text",
    [
        "天水路与南昌路交叉口",
        "天水路和南昌路",
        "天水路/南昌路",
        "天水路、南昌路",
        "南昌路口",
        "南昌路十字",
        "平凉路与天水路十字东北角",
    ],
)
def test_a_crossing_of_roads_is_no_community(text: str) -> None:
    assert labels(text) == []


def test_a_crossing_is_somewhere_in_the_area_named_with_it() -> None:
    found = CITY.search("城关区天水路与南昌路交叉口")
    assert [candidate.label for candidate in found] == ["城关区"]
    assert found[0].score <= 0.5
    assert labels("南昌路社区门口的路口")[0] == "城关区渭源路街道南昌路社区"


def test_a_road_is_only_roughly_the_community_named_after_it() -> None:
    alone, number, community = best("南昌路"), best("南昌路12号"), best("南昌路社区")
    assert alone.code == number.code == community.code
    assert number.score < alone.score <= 0.6 < community.score
    assert number.uncertainty_m == alone.uncertainty_m == 3 * community.uncertainty_m
    assert best("城关区天水南路222号").label == "城关区"


@pytest.mark.parametrize(
    "text",
    [
        "和平路12号",  # a road that begins like the communities and the town 和平
        "我家住和平附近",  # a short name in the middle of words
        "西门社区",  # two characters say too little to take it for 桥门社区
        "东门口",
    ],
)
def test_part_of_a_name_in_other_words_is_not_the_area(text: str) -> None:
    assert labels(text) == []


def test_a_name_is_never_cut_down_to_one_character() -> None:
    east = Gazetteer([Record(620102001001000, "community", "东村", 103.8, 36.0, 500.0)])
    assert east.search("东村")[0].score == 1.0
    assert east.search("东3号") == []


@pytest.mark.parametrize("text", ["酒泉路小学", "天水路小区", "白银路百货大楼"])
def test_a_building_on_a_road_is_not_the_area_of_that_name(text: str) -> None:
    assert all(candidate.score <= 0.4 for candidate in CITY.search(text))


def test_one_name_in_two_districts_gives_both_and_neither_surely() -> None:
    found = CITY.search("高家湾村")
    assert {c.label for c in found} >= {"永登县城关镇高家湾村", "榆中县马坡乡高家湾村"}
    assert len({c.score for c in found}) == 1
    assert found[0].score <= 0.6


def test_a_community_and_a_village_of_one_name_keep_apart() -> None:
    assert best("花庄镇花庄社区").code != best("花庄镇花庄村").code
    assert best("花庄镇花庄社区").score == best("花庄镇花庄村").score == 1.0
    assert {c.label for c in CITY.search("花庄镇花庄")[:2]} == {
        "红古区花庄镇花庄社区",
        "红古区花庄镇花庄村",
    }
    assert best("花庄镇花庄").score < 0.7


def test_a_wrong_district_is_told_by_the_score() -> None:
    found = CITY.search("安宁区白银路街道")
    assert {c.label for c in found} == {"安宁区", "城关区白银路街道"}
    assert max(c.score for c in found) <= 0.5


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("费", "安宁区安宁西路街道费家营社区"),
        ("费家", "安宁区安宁西路街道费家营社区"),
        ("费家营社", "安宁区安宁西路街道费家营社区"),
        ("安宁区费", "安宁区安宁西路街道费家营社区"),
        ("白银", "城关区白银路街道"),
        ("团结", "城关区团结新村街道"),
        ("皋兰路", "城关区皋兰路街道"),
        ("城关区酒", "城关区酒泉路街道"),
    ],
)
def test_it_answers_while_one_types(text: str, label: str) -> None:
    assert label in labels(text)[:3]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "，，，",
        "垃圾没人清理",
        "小区东门",
        "火锅店门前",
        "第3网格",
        "<script>",
        "999999",
    ],
)
def test_what_names_no_place_finds_none(text: str) -> None:
    assert labels(text) == []


@pytest.mark.parametrize(
    ("text", "lon", "lat", "uncertainty_m"),
    [
        ("103.83,36.06", 103.83, 36.06, 556.6),
        ("103.83，36.06", 103.83, 36.06, 556.6),
        ("（103.8312, 36.0612）", 103.8312, 36.0612, 5.6),
        ("103.831245 36.061234", 103.831245, 36.061234, 1.0),
        ("103.83°E, 36.06°N", 103.83, 36.06, 556.6),
        ("-0.5,51.5", -0.5, 51.5, 5566.0),
    ],
)
def test_coordinates(text: str, lon: float, lat: float, uncertainty_m: float) -> None:
    (found,) = CITY.search(text)
    assert (found.kind, found.lon, found.lat) == ("coordinates", lon, lat)
    assert (found.score, found.uncertainty_m, found.chain) == (1.0, uncertainty_m, ())


def test_latitude_first_is_taken_only_where_it_can_be_nothing_else_and_with_doubt() -> None:
    (found,) = CITY.search("36.06,103.83")
    assert (found.lon, found.lat, found.score) == (103.83, 36.06, 0.6)
    (found,) = CITY.search("36.06,83.83")
    assert (found.lon, found.lat) == (36.06, 83.83)
    for nowhere in ("999.9,36", "200,100", "1e2,36", "nan,nan", "103.83", "٣٦.٠٦,103.83"):
        assert reading.coordinates(nowhere) is None


@pytest.mark.parametrize("area", AREAS, ids=lambda area: str(area.code))
def test_every_area_is_found_by_its_full_name_and_its_code(area: Record) -> None:
    full = "".join(NAMES[code] for code in codes.chain_of(area.code)[1:])
    found = CITY.search(full)
    assert found[0].code == area.code
    assert found[0].score >= 0.9
    assert found[0].chain == codes.chain_of(area.code)
    for digits in (str(area.code), codes.division_of(area.code)):
        (candidate,) = CITY.search(digits)
        assert (candidate.code, candidate.score) == (area.code, 1.0)
    assert CITY.search(str(area.code + 999)) == []


@given(st.text(max_size=300))
def test_any_text_is_answered(text: str) -> None:
    found = CITY.search(text, 7)
    assert len(found) <= 7
    assert all(0.0 <= c.score <= 1.0 and c.uncertainty_m > 0 for c in found)
    assert [c.score for c in found] == sorted((c.score for c in found), reverse=True)


@given(
    st.lists(
        st.sampled_from(
            [
                "城关",
                "安宁区",
                "和平村",
                "王家庄",
                "南昌路",
                "与",
                "12号",
                "第3网格",
                "，",
                "社区",
                "口",
            ]
        ),
        max_size=60,
    )
)
def test_any_heap_of_names_is_answered(parts: list[str]) -> None:
    found = CITY.search("".join(parts))
    assert len({c.code for c in found}) == len(found)


def test_a_very_long_text_is_read_in_part() -> None:
    assert labels("。" * 200 + "城关区") == []
    index = NameIndex(records())
    everything = "".join(NAMES.values())
    assert len(index.matches(everything, crossing=False)) == 12
    assert len(index.matches("城关" * 90, crossing=False)) == 1


def test_digits_of_other_scripts_are_no_code() -> None:
    assert reading.code("620102") == reading.code("６２０１０２") == 620102000000000
    assert reading.code("٦٢٠١٠٢") is None


def test_the_limit_holds_and_more_is_only_more() -> None:
    many = CITY.search("天", 50)
    assert CITY.search("天", 2) == many[:2]
    assert CITY.search("城关区", 0) == []


def test_an_empty_gazetteer_still_reads_coordinates() -> None:
    empty = Gazetteer([], [Alias("某地", 620102000000000)])
    assert empty.search("城关区") == []
    assert len(empty.search("103.8,36.0")) == 1


def test_aliases_are_read_or_refused(tmp_path: Path) -> None:
    file = tmp_path / "aliases.csv"
    file.write_text("\ufeffalias,code\n老地方,620102000000000\n", encoding="utf-8")
    assert gazetteer.read_aliases(file) == [Alias("老地方", 620102000000000)]
    for bad in ("alias,code\nx,abc\n", "name\nx\n", "alias,code\n,620102000000000\n"):
        file.write_text(bad, encoding="utf-8")
        with pytest.raises(ValueError, match=r"aliases\.csv"):
            gazetteer.read_aliases(file)


def test_aliases_of_the_demo_name_areas_that_exist() -> None:
    for alias in gazetteer.read_aliases(ALIASES):
        assert alias.code in NAMES, alias


def test_beginnings_are_looked_for_in_the_area_that_was_named() -> None:
    assert {label[:3] for label in labels("安宁区王家")} == {"安宁区"}
    assert {label[:3] for label in labels("王家")} == {"城关区", "安宁区", "七里河", "红古区"}
