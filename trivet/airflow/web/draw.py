"""Small charts as inline SVG: no script, no style attribute, colours by class, a title for whoever cannot see them."""

from collections.abc import Sequence

from markupsafe import Markup

_BAR = 9
_GAP = 3


def spark(values: Sequence[float], said: str, height: int = 28) -> Markup:
    """A line through the values, oldest first, with a dot at the last."""
    if not values:
        return Markup("")
    width = max(60, 9 * (len(values) - 1) + 8)
    step = (width - 8) / max(1, len(values) - 1)
    top = max(values) or 1
    points = [
        (round(4 + i * step, 1), round(height - 4 - value / top * (height - 8), 1))
        for i, value in enumerate(values)
    ]
    line = " ".join(f"{x},{y}" for x, y in points)
    x, y = points[-1]
    return _svg(
        width, height, said,
        f'<polyline class="line" points="{line}"/><circle class="dot" cx="{x}" cy="{y}" r="2.5"/>', "spark",
    )  # fmt: skip


def bars(
    stacks: Sequence[Sequence[tuple[str, float]]], said: Sequence[str], label: str, height: int = 44
) -> Markup:
    """A bar a stack, oldest first, of parts by class; `said` is what each bar says when pointed at."""
    top = max((sum(part for _, part in stack) for stack in stacks), default=0) or 1
    width = len(stacks) * (_BAR + _GAP) + _GAP
    drawn = []
    for at, (stack, text) in enumerate(zip(stacks, said, strict=True)):
        y = float(height - 2)
        rects = [f'<rect class="ground" x="{_x(at)}" y="2" width="{_BAR}" height="{height - 4}"/>']
        for kind, part in stack:
            size = part / top * (height - 4)
            if part:
                # what a person must see is seen, however small its share
                size = max(size, 2.0)
                y -= size
                rects.append(
                    f'<rect class="{kind}" x="{_x(at)}" y="{max(y, 1):.1f}" width="{_BAR}" height="{size:.1f}"/>'
                )
        drawn.append(f"<g>{_title(text)}{''.join(rects)}</g>")
    return _svg(width, height, label, "".join(drawn), "bars")


def ranges(
    rows: Sequence[tuple[float | None, float | None, float | None]],
    low: float,
    high: float,
    said: Sequence[str],
    label: str,
) -> Markup:
    """A line a row from its low to its high with a dot at the value, all on one scale; a mark where zero is."""
    width, row = 220, 18
    height = row * len(rows) + 4

    def x(value: float) -> float:
        return round(6 + (min(max(value, low), high) - low) / (high - low) * (width - 12), 1)

    drawn = [f'<line class="zero" x1="{x(0)}" x2="{x(0)}" y1="0" y2="{height}"/>'] if low < 0 < high else []
    for at, ((value, least, most), text) in enumerate(zip(rows, said, strict=True)):
        y = 2 + row * at + row / 2
        parts = [_title(text), f'<line class="track" x1="6" x2="{width - 6}" y1="{y}" y2="{y}"/>']
        if least is not None and most is not None:
            parts.append(f'<line class="range" x1="{x(least)}" x2="{x(most)}" y1="{y}" y2="{y}"/>')
        if value is not None:
            parts.append(f'<circle class="dot" cx="{x(value)}" cy="{y}" r="4"/>')
        drawn.append(f"<g>{''.join(parts)}</g>")
    return _svg(width, height, label, "".join(drawn), "ranges")


def share(part: float, kind: str, said: str) -> Markup:
    """One bar, filled to that share of one."""
    filled = round(max(0.0, min(1.0, part)) * 120, 1)
    ground = '<rect class="ground" width="120" height="8" rx="4"/>'
    return _svg(120, 8, said, f'{ground}<rect class="{kind}" width="{filled}" height="8" rx="4"/>', "share")


def _x(at: int) -> int:
    return _GAP + at * (_BAR + _GAP)


def _title(text: str) -> str:
    return str(Markup("<title>{}</title>").format(text))


def _svg(width: float, height: float, said: str, inner: str, kind: str) -> Markup:
    # every text in `inner` went through `_title`; the rest is numbers and classes of ours
    return Markup(
        '<svg class="{kind}" role="img" width="{width}" height="{height}" viewBox="0 0 {width} {height}">{title}{inner}</svg>'
    ).format(kind=kind, width=width, height=height, title=Markup(_title(said)), inner=Markup(inner))  # noqa: S704
