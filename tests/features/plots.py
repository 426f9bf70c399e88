"""A service that looks plots up: its service.toml, and features of some plots."""

from pathlib import Path

SERVICE = """
[service]
name = "plots"
task = "regression"
target = "yield"
unit = "kg_per_ha"
[input]
missing = ["?"]
[[input.fields]]
name = "plot_id"
type = "integer"
feature = false
[[input.fields]]
name = "precip_total"
type = "float"
minimum = 0
maximum = 5000
source = "store"
[[input.fields]]
name = "altitude"
type = "float"
source = "either"
optional = true
[[input.fields]]
name = "soil"
type = "string"
values = ["clay", "loam"]
source = "either"
default = "loam"
[[input.fields]]
name = "sown"
type = "date"
source = "store"
optional = true
[models]
linear = "1.0.0"
[privacy]
personal = {personal}
[features]
entity = "plot_id"
store = "{store}"
address = "{address}"
{more}
"""
PLOTS = {
    "1": {"precip_total": 450.25, "altitude": 1252.0, "soil": "clay", "sown": "2021-10-07"},
    "2": {"precip_total": 12.5, "altitude": None, "soil": None, "sown": None},
    "3": {"precip_total": 0.0, "altitude": 7.0, "soil": "loam", "sown": "2021-10-08"},
}


def plots_service(
    folder: Path, *, store: str = "parquet", address: str = "", personal: bool = False, **more: object
) -> Path:
    said = "\n".join(f"{name} = {value}" for name, value in more.items())
    file = folder / "service.toml"
    file.write_text(SERVICE.format(store=store, address=address, personal=str(personal).lower(), more=said))
    return file
