"""What an export of cases holds, and how many. Pure: nothing of ours."""

MOST_CASES = 50_000

# (member of an incident or of its clock, heading in Chinese)
COLUMNS = (
    ("no", "编号"),
    ("category", "类别代码"),
    ("category_name_zh", "类别"),
    ("kind", "种类"),
    ("title", "标题"),
    ("description", "描述"),
    ("severity", "严重程度"),
    ("source", "来源"),
    ("status", "状态"),
    ("stage", "阶段"),
    ("occurred_at", "发生时间"),
    ("reported_at", "上报时间"),
    ("closed_at", "办结时间"),
    ("limit", "时限"),
    ("due_at", "截止时间"),
    ("state", "时限状态"),
    ("cell_code", "网格代码"),
    ("places", "所在区域"),
    ("lon", "经度"),
    ("lat", "纬度"),
    ("simulated", "模拟"),
    ("id", "标识"),
)
HEADINGS = tuple(f"{zh} {name}" for name, zh in COLUMNS)
