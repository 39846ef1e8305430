"""Starts the stand-ins, together, in this process."""

from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType

from .ashby import Ashby
from .baidu_face import BaiduFace
from .baidu_speech import BaiduSpeech
from .bamboohr import BambooHr
from .beisen import Beisen
from .chat_bots import ChatBots
from .feishu_hire import FeishuHire
from .feishu_minutes import FeishuMinutes
from .greenhouse import Greenhouse
from .http_json import InHouseErp, InHouseHr
from .http_scorer import IndustryModels
from .iflytek_speech import IflytekSpeech
from .kingdee_cloud import KingdeeCloud
from .lever import Lever
from .moka import Moka
from .openai_chat import OpenAiChat
from .openai_speech import OpenAiSpeech
from .sap_rfc import SapRfc
from .sap_soap import SapSoap
from .server import Running, Vendor
from .store import Json, Store
from .successfactors import SuccessFactors
from .tencent_meeting import TencentMeeting
from .yonyou_bip import YonyouBip
from .yonyou_ncc import YonyouNcc
from .zoom import Zoom

VENDORS: dict[str, Callable[..., Vendor]] = {
    "feishu_hire": FeishuHire,
    "successfactors": SuccessFactors,
    "kingdee_cloud": KingdeeCloud,
    "sap_rfc": SapRfc,
    "sap_soap": SapSoap,
    "http_json": InHouseErp,
    "yonyou_bip": YonyouBip,
    "yonyou_ncc": YonyouNcc,
    "greenhouse": Greenhouse,
    "ashby": Ashby,
    "lever": Lever,
    "zoom": Zoom,
    "tencent_meeting": TencentMeeting,
    "feishu_minutes": FeishuMinutes,
    "bamboohr": BambooHr,
    "in_house_hr": InHouseHr,
    "moka": Moka,
    "beisen": Beisen,
    "openai_speech": OpenAiSpeech,
    "iflytek_speech": IflytekSpeech,
    "baidu_speech": BaiduSpeech,
    "openai_chat": OpenAiChat,
    "http_scorer": IndustryModels,
    "baidu_face": BaiduFace,
    "chat_bots": ChatBots,
}


class Sandbox:
    """Running stand-ins by name; a context manager that stops them."""

    def __init__(self, servers: dict[str, Running]) -> None:
        self.servers = servers

    def __getitem__(self, name: str) -> Vendor:
        return self.servers[name].vendor

    def announce(self) -> Json:
        """Address and credentials of each."""
        return {name: running.vendor.announce() for name, running in self.servers.items()}

    def connections(self) -> Json:
        """The same as connections in Airflow's JSON form, ready for a connections file."""
        return {
            name: connection
            for running in self.servers.values()
            for name, connection in running.vendor.connections().items()
        }

    def reset(self) -> None:
        """Each as after the start; those that nobody touched are left as they are."""
        for running in self.servers.values():
            if not running.vendor.untouched():
                running.vendor.reset()

    def stop(self) -> None:
        """Frees the ports."""
        for running in self.servers.values():
            running.stop()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stop()


def start(
    names: Iterable[str] = VENDORS, state: Path | None = None, *, size: int | None = None, first_port: int = 0
) -> Sandbox:
    """The named stand-ins, seeded where their store is empty; `size` makes a company of that many candidates."""
    servers: dict[str, Running] = {}
    for i, name in enumerate(names):
        if name not in VENDORS:
            raise ValueError(f"no stand-in {name!r}; there are {', '.join(VENDORS)}")
        if state:
            state.mkdir(parents=True, exist_ok=True)
        store = Store(state / f"{name}.db" if state else None)
        vendor = VENDORS[name](store, size)
        if not store.kinds():
            vendor.seed()
        servers[name] = Running(vendor, first_port + i if first_port else 0)
    return Sandbox(servers)
