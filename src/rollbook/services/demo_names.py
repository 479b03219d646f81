"""Names for invented people, in several scripts: any likeness to somebody is chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class NameList:
    """Given and family names of one region; `weight` is how often it is drawn."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    weight: float
    family_first: bool = False
    joint: str = " "


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


REGIONS = (
    NameList(
        _words(
            "Ada Alice Amelia Ben Charlotte Clara Daniel Edward Ella Emily Ethan Evelyn Felix "
            "Freya George Grace Hannah Harry Henry Isla Jack James Julia Leo Lily Lucas Mia Noah "
            "Nora Oliver Oscar Rose Ruby Samuel Sophie Theo Thomas Violet William Zoe"
        ),
        _words(
            "Adams Bailey Baker Bell Bennett Brown Carter Clarke Cooper Davies Evans Fisher Foster "
            "Gray Green Hall Harris Hill Hughes Johnson Kelly King Knight Lewis Marsh Mason Mills "
            "Moore Morgan Murphy Parker Price Reid Roberts Shaw Stone Taylor Turner Ward Wood"
        ),
        0.34,
    ),
    NameList(
        _words(
            "Anna Anton Björn Carla Emil Finn Frieda Greta Hanna Ida Jakob Jonas Käthe Lars Lena "
            "Mats Moritz Paula Søren Ylva"
        ),
        _words(
            "Bauer Becker Fischer Größmann Hansen Jäger Keller Köhler Krüger Lindström Maier "
            "Møller Nyström Petersen Richter Schäfer Sørensen Vogel Weiß Ziegler"
        ),
        0.14,
    ),
    NameList(
        _words(
            "Álvaro Ana Bruno Camila Chloé Diego Élise Gaël Inês Irène João José Léa Lucía Matteo "
            "Noémie Paolo Sofía Théo Ximena"
        ),
        _words(
            "Álvarez Bianchi Costa Dubois Fernández Ferreira García Gonçalves Lefèvre Marchetti "
            "Moreau Muñoz Núñez Pereira Ricci Rossi Sánchez Silva Vidal Zamora"
        ),
        0.14,
    ),
    NameList(
        _words(
            "Agnieszka Ayşe Çağla Deniz Dorota Emre Eva Hakan Jiří Kateřina Łukasz Mateusz Nguyệt "
            "Ömer Šárka Sinan Tereza Thảo Wojciech Zuzana"
        ),
        _words(
            "Aydın Černý Çelik Dąbrowski Dvořák Kowalski Kučera Lê Nguyễn Nowak Öztürk Phạm Şahin "
            "Svoboda Trần Veselý Wiśniewski Wójcik Yıldız Zieliński"
        ),
        0.1,
    ),
    NameList(
        _words("Алина Борис Вера Дмитрий Елена Иван Ксения Мария Никита Ольга Павел Софія Тарас"),
        _words("Бондаренко Волкова Гончар Зайцев Коваленко Кузнецова Лебедев Мельник Морозов Ткач"),
        0.06,
    ),
    NameList(
        _words("Αλέξανδρος Ελένη Ιωάννα Κώστας Μαρία Νίκος Σοφία Χρήστος"),
        _words("Αντωνίου Γεωργίου Δημητρίου Νικολάου Παπαδοπούλου Σταύρου"),
        0.02,
    ),
    NameList(
        _words("أحمد آمنة حسن خديجة زينب سارة علي عمر فاطمة ليلى محمود مريم نور يوسف"),
        _words("البغدادي الحداد الخطيب السيد الشامي العلي المصري النجار حمدان منصور"),
        0.06,
    ),
    NameList(
        _words("אורי דוד יעל מיכל נועה רחל שירה תמר"),
        _words("אברהמי ברק כהן לוי מזרחי פרץ שפירא"),
        0.02,
    ),
    NameList(
        _words("अनिल आरती गीता दीपक नेहा प्रिया राहुल विक्रम सीता सुनील"),
        _words("अग्रवाल गुप्ता जोशी पटेल मिश्रा वर्मा शर्मा सिंह"),
        0.04,
    ),
    NameList(
        _words("伟 芳 娜 敏 静 磊 洋 艳 勇 杰 思远 雨桐 子轩 欣怡"),
        _words("王 李 张 刘 陈 杨 赵 黄 周 吴"),
        0.05,
        family_first=True,
        joint="",
    ),
    NameList(
        _words("陽菜 蓮 結衣 大翔 美咲 悠真 さくら 翔太"),
        _words("佐藤 鈴木 高橋 田中 渡辺 伊藤 山本 中村"),
        0.02,
        family_first=True,
    ),
    NameList(
        _words("서준 하은 도윤 지우 민준 서연 지호 수아"),
        _words("김 이 박 최 정 강 조 윤"),
        0.01,
        family_first=True,
        joint="",
    ),
)


def invent_names(count: int, dice: np.random.Generator) -> list[str]:
    """Return invented names; the same dice give the same names, and some names repeat."""
    weights = np.array([region.weight for region in REGIONS])
    drawn = dice.choice(len(REGIONS), size=count, p=weights / weights.sum())
    return [_name(REGIONS[int(index)], dice) for index in drawn]


def _name(region: NameList, dice: np.random.Generator) -> str:
    given = region.given[int(dice.integers(len(region.given)))]
    family = region.family[int(dice.integers(len(region.family)))]
    parts = (family, given) if region.family_first else (given, family)
    return region.joint.join(parts)
