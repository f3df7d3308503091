"""6.2.3–6.2.6: output intents, ICC profiles, graphics states; where device colours may be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from signer.document.objects import Ref, Stream
from signer.document.pdfa.context import Context
from signer.document.pdfa.parts import READER
from signer.document.pdfa.transparency import check_state

INTENTS = frozenset({"RelativeColorimetric", "AbsoluteColorimetric", "Perceptual", "Saturation"})
DEVICES = {"DeviceGray": "6.2.4.3-4", "DeviceRGB": "6.2.4.3-2", "DeviceCMYK": "6.2.4.3-3"}
DEFAULTS = {"DeviceGray": "DefaultGray", "DeviceRGB": "DefaultRGB", "DeviceCMYK": "DefaultCMYK"}
SHORT = {"G": "DeviceGray", "RGB": "DeviceRGB", "CMYK": "DeviceCMYK", "I": "Indexed"}
COMPONENTS = {"GRAY": 1, "RGB ": 3, "Lab ": 3, "CMYK": 4}
_DEVICE_COMPONENTS = {"DeviceGray": 1, "DeviceRGB": 3, "DeviceCMYK": 4}
_STANDING_IN = {"DeviceGray": "CalGray", "DeviceRGB": "CalRGB", "DeviceCMYK": "DeviceN"}  # beside ICCBased
_INDEPENDENT = frozenset({"CalGray", "CalRGB", "Lab"})
_UNDERLYING = {"Indexed": 1, "Pattern": 1, "Separation": 2, "DeviceN": 2}
_PROFILE_HEAD = 128
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Profile:
    """The header of an ICC profile: device class, colour space (four letters each), major version."""

    kind: str
    space: str
    version: int


def read_profile(context: Context, value: Any) -> Profile | None:
    """The header of the profile in a stream, read once; None when it is none (ICC.1, 7.2)."""
    if not isinstance(value, Ref):
        return None
    if value not in context.profiles:
        context.profiles[value] = _profile(context, value)
    return cast("Profile | None", context.profiles[value])


def _profile(context: Context, value: Ref) -> Profile | None:
    stream = context.get(value)
    if not isinstance(stream, Stream):
        return None
    data = context.data(stream, context.limits.stream_bytes)
    if len(data) < max(_PROFILE_HEAD, int.from_bytes(data[:4], "big")) or data[36:40] != b"acsp":
        return None
    return Profile(data[12:16].decode("latin-1"), data[16:20].decode("latin-1"), data[8])


def check_output_intents(context: Context) -> None:
    """6.2.3. Sets the context's `intent`."""
    profiles: set[str] = set()
    for item in context.array(context.pdf.catalog.get("OutputIntents")):
        intent = context.dictionary(item)
        context.require("DestOutputProfileRef" not in intent, "6.2.3-3", "/DestOutputProfileRef")
        target = intent.get("DestOutputProfile")
        if target is None:
            continue
        profiles.add(repr(target) if isinstance(target, Ref) else str(id(target)))
        with context.reading():
            profile = read_profile(context, target)
            sound = (
                profile is not None
                and profile.kind in ("prtr", "mntr")
                and profile.space in ("RGB ", "CMYK", "GRAY")
                and profile.version < context.part.profile_version
            )
            context.require(sound, "6.2.3-1", f"the output profile is {profile}")
            _components(context, target, profile, 0)
            if profile is not None and context.name(intent.get("S")) == "GTS_PDFA1":
                context.intent = profile.space
    context.require(len(profiles) <= 1, "6.2.3-2", "output intents with different profiles")


def check_space(context: Context, space: Any, resources: dict[str, Any], number: int) -> None:
    """6.2.4: a colour space that is used; `resources` are asked for what stands in for device spaces."""
    for _ in range(_DEEPEST):
        found = context.get(space)
        parts = found if isinstance(found, list) else [found]
        family = context.name(parts[0]) if parts else ""
        family = SHORT.get(family, family)
        if family in DEVICES:
            _device(context, family, resources, number)
            return
        if family == "ICCBased" and len(parts) > 1:
            _icc_based(context, parts[1], number)
            return
        if family in ("Separation", "DeviceN") and context.part.compares_spot_colours:
            context.unexamined.add("spot-colours")
        if family == "DeviceN" and len(parts) > 1:
            count = len(context.array(parts[1]))
            context.require(count <= context.part.colourants, "6.1.13-9", f"{count} colourants", number)
        inner = _UNDERLYING.get(family)
        if inner is None or len(parts) <= inner:
            known = family in _INDEPENDENT or (family == "Pattern" and len(parts) == 1)
            context.require(known, READER, f"a colour space of the family {family[:60] or '?'}", number)
            return
        space = parts[inner]
    context.fail(READER, "colour spaces within each other too deep", number)


def _device(context: Context, name: str, resources: dict[str, Any], number: int) -> None:
    spaces = context.dictionary(resources.get("ColorSpace"))
    if DEFAULTS[name] in spaces:
        check_default(context, spaces[DEFAULTS[name]], name, number)
        return
    allowed = {"DeviceGray": context.intent != "", "DeviceRGB": context.intent == "RGB "}
    meant = allowed.get(name, context.intent == "CMYK")
    context.require(meant, DEVICES[name], f"{name} without a matching output intent", number)


def check_default(context: Context, value: Any, device: str, number: int) -> None:
    """6.2.4.3: what stands in for a device space is independent of devices, or DeviceN for CMYK; else it is as if
    nothing stood in."""
    parts = context.array(value)
    family = context.name(parts[0]) if parts else ""
    if family == "ICCBased" and len(parts) > 1:
        fits = context.integer(context.dictionary(parts[1]).get("N")) == _DEVICE_COMPONENTS[device]
    else:
        fits = family == _STANDING_IN[device]
    if fits:
        check_space(context, value, {}, number)
    else:
        _device(context, device, {}, number)


def _icc_based(context: Context, value: Any, number: int) -> None:
    number = value.num if isinstance(value, Ref) else number
    with context.reading(number):
        profile = read_profile(context, value)
        sound = (
            profile is not None
            and profile.kind in ("prtr", "mntr", "scnr", "spac")
            and profile.space in ("RGB ", "CMYK", "GRAY", "Lab ")
            and profile.version < context.part.profile_version
        )
        context.require(sound, "6.2.4.2-1", f"the ICC profile is {profile}", number)
        _components(context, value, profile, number)


def _components(context: Context, value: Any, profile: Profile | None, number: int) -> None:
    """/N is how many components the profile has: part 1, 6.2.3.2; ISO 32000-1, table 66."""
    said = context.integer(context.dictionary(value).get("N"))
    same = profile is None or said == COMPONENTS.get(profile.space)
    for rule in ("1:6.2.3.2-2", "6.2.4.2-1/N"):
        context.require(same, rule, f"/N is {said} beside the profile {profile}", number)


def check_blending(context: Context, node: dict[str, Any], number: int) -> None:
    """6.2.4.3: the space in which the transparency group of a page or form blends is used by it."""
    space = context.dictionary(node.get("Group")).get("CS")
    if space is not None:
        check_space(context, space, context.dictionary(node.get("Resources")), number)


def state_rule(context: Context, role: str, node: dict[str, Any], number: int) -> None:
    """6.2.5, 6.2.6, 6.2.10: a graphics state parameter dictionary."""
    if role != "state" and context.name(node.get("Type")) != "ExtGState":
        return
    context.require("TR" not in node, "6.2.5-1", "the graphics state has /TR", number)
    second = node.get("TR2")
    context.require(second is None or context.name(second) == "Default", "6.2.5-2", "/TR2", number)
    context.require("HTP" not in node, "6.2.5-3", "the graphics state has /HTP", number)
    check_rendering_intent(context, node.get("RI"), number)
    check_state(context, node, number)


def halftone_rule(context: Context, role: str, node: dict[str, Any], number: int) -> None:
    """6.2.5-4 and -5: halftones of type 1 or 5, without a name."""
    if role != "halftone" or "HalftoneType" not in node:
        return
    kind = context.integer(node["HalftoneType"])
    context.require(kind in (1, 5), "6.2.5-4", f"a halftone of type {kind}", number)
    context.require("HalftoneName" not in node, "6.2.5-5", "a halftone with a name", number)


def check_rendering_intent(context: Context, value: Any, number: int) -> None:
    """6.2.6: one of the four intents of ISO 32000-1, table 70."""
    if value is not None:
        name = context.name(value)
        context.require(name in INTENTS, "6.2.6-1", f"the rendering intent {name or '?'}", number)
