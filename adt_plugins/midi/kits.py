"""Channels that a file makes drum parts: Roland GS, Yamaha XG, General MIDI 2.

Without that, channel 10 alone has drums. Sources: Roland, *SC-88 Pro Owner's Manual*
("use for rhythm part", address 40 1x 15); Yamaha, *XG Specifications 1.35* (multi part
"part mode", address 08 nn 07; bank 127); MMA, *General MIDI System Level 2* (bank 120).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

DRUM_CHANNEL = 9
"""Channel 10 of General MIDI, counted from 0."""

_BANK = 0  # the controller
_GM2_RHYTHM, _XG_DRUMS, _XG_EFFECTS = 120, 127, 126
_ROLAND, _GS, _WRITE = 0x41, 0x42, 0x12
_YAMAHA, _XG = 0x43, 0x4C
_XG_ON = bytes((0x00, 0x00, 0x7E))


@dataclass
class Kits:
    """What a track says of channels.

    Attributes
    ----------
    parts
        Whether a channel (0-15) is a drum part; the last word counts.
    banks
        Banks that channels choose, as (channel, number).
    is_xg
        Whether it switches the instrument to XG.
    """

    parts: dict[int, bool] = field(default_factory=dict)
    banks: set[tuple[int, int]] = field(default_factory=set)
    is_xg: bool = False

    def take_controller(self, channel: int, controller: int, value: int) -> None:
        """Take a controller of a channel."""
        if controller == _BANK:
            self.banks.add((channel, value))

    def take_sysex(self, data: bytes) -> None:
        """Take a system exclusive message, without its status and length."""
        if len(data) >= 8 and (data[0], *data[2:4]) == (_ROLAND, _GS, _WRITE):
            high, block, low, value = data[4:8]
            if (high, block >> 4, low) == (0x40, 1, 0x15):
                self.parts[_channel_of_block(block & 0xF)] = value > 0
        elif len(data) >= 7 and (data[0], data[2]) == (_YAMAHA, _XG):
            high, part, low, value = data[3:7]
            self.is_xg = self.is_xg or data[3:6] == _XG_ON
            if (high, low) == (0x08, 0x07) and part < 16:
                self.parts[part] = value > 0


def drum_channels(kits: Iterable[Kits]) -> set[int]:
    """Return the channels (0-15) with drums, by what all tracks of a file say."""
    kits = list(kits)
    chosen = {_GM2_RHYTHM}
    if any(one.is_xg for one in kits):
        chosen |= {_XG_DRUMS, _XG_EFFECTS}
    channels = {DRUM_CHANNEL}
    channels |= {channel for one in kits for channel, n in one.banks if n in chosen}
    for one in kits:
        for channel, is_drums in one.parts.items():
            (channels.add if is_drums else channels.discard)(channel)
    return channels


def _channel_of_block(block: int) -> int:
    """Return the channel of a GS block: 0 is part 10, and 1 to 9 come before it."""
    if block == 0:
        return DRUM_CHANNEL
    return block - 1 if block <= DRUM_CHANNEL else block
