/** The shell: one page, its faces and modes. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { FaceView } from "./faces/FaceView";
import { shownFace } from "./faces";
import { lang, named, t } from "./i18n";
import { CasePrint } from "./panels/CasePrint";
import { PhoneNav } from "./panels/FaceNav";
import { Help } from "./panels/Help";
import { LayerRail } from "./panels/LayerRail";
import { MapView } from "./panels/MapView";
import { OwnPasswordDialog } from "./panels/OwnPassword";
import { RightPanel } from "./panels/RightPanel";
import { TimeBar } from "./panels/TimeBar";
import { TopBar } from "./panels/TopBar";
import { Wall } from "./panels/Wall";
import { city } from "./state/data";
import { mode, phone } from "./state/store";
import { Failed } from "./ui/states";
import { StepUpDialog } from "./ui/StepUp";

export function App(): JSX.Element {
  const wall = mode.value === "wall";
  const info = city.value.value;
  const face = shownFace.value;
  useEffect(() => {
    document.documentElement.lang = lang.value === "zh" ? "zh-CN" : "en";
    document.documentElement.dataset["mode"] = mode.value;
    const place = info.data ? [named(info.data)] : [];
    document.title = [...(face ? [t(face.titleKey)] : []), t("appName"), ...place].join(" · ");
  });
  return (
    <>
    <div class={`shell ${wall ? "wall" : "watch"} ${phone.value ? "phone" : "desk"} ${face ? "faced" : ""}`}>
      <TopBar />
      {wall ? null : <LayerRail />}
      <MapView />
      {wall ? <Wall /> : <RightPanel />}
      {wall || phone.value ? null : <TimeBar />}
      {face ? <FaceView key={face.name} face={face} /> : null}
      {phone.value ? <PhoneNav /> : null}
      {info.error && !info.data ? (
        <div class="city-failed">
          <Failed what="what_city" problem={info.error} retry={city.retry} />
        </div>
      ) : null}
      <Help />
      <StepUpDialog />
      <OwnPasswordDialog />
    </div>
    <CasePrint />
    </>
  );
}
