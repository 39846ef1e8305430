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


def range_line(value: float, least: float | None, most: float | None, *, low: float, high: float) -> Markup:
    """A value as a dot on its interval, on a scale from `low` to `high` with a mark where zero is."""
    width, y = 160, 9

    def x(at: float) -> float:
        return round(6 + (min(max(at, low), high) - low) / (high - low) * (width - 12), 1)

    drawn = [f'<line class="track" x1="6" x2="{width - 6}" y1="{y}" y2="{y}"/>']
    drawn.append(f'<line class="zero" x1="{x(0)}" x2="{x(0)}" y1="0" y2="{2 * y}"/>')
    if least is not None and most is not None:
        drawn.append(f'<line class="range" x1="{x(least)}" x2="{x(most)}" y1="{y}" y2="{y}"/>')
    drawn.append(f'<circle class="dot" cx="{x(value)}" cy="{y}" r="4"/>')
    said = " … ".join(f"{edge:+.2f}" for edge in (least, value, most) if edge is not None)
    return _svg(width, 2 * y, said, "".join(drawn), "ranges")


def _x(at: int) -> int:
    return _GAP + at * (_BAR + _GAP)


def _title(text: str) -> str:
    return str(Markup("<title>{}</title>").format(text))


def _svg(width: float, height: float, said: str, inner: str, kind: str) -> Markup:
    # every text in `inner` went through `_title`; the rest is numbers and classes of ours
    return Markup(
        '<svg class="{kind}" role="img" width="{width}" height="{height}" viewBox="0 0 {width} {height}">{title}{inner}</svg>'
    ).format(kind=kind, width=width, height=height, title=Markup(_title(said)), inner=Markup(inner))  # noqa: S704
