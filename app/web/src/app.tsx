/** The shell: one page, its faces and modes. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { FaceView } from "./faces/FaceView";
import { shownFace, type Face } from "./faces";
import { lang, named, t } from "./i18n";
import { CasePrint } from "./panels/CasePrint";
import { PhoneNav } from "./panels/FaceNav";
import { Help } from "./panels/Help";
import { LayerRail } from "./panels/LayerRail";
import { MapView } from "./panels/MapView";
import { OwnPasswordDialog } from "./panels/OwnPassword";
import { OwnSessionsDialog } from "./panels/OwnSessions";
import { RightPanel } from "./panels/RightPanel";
import { SecondFactorDialog } from "./panels/SecondFactor";
import { TimeBar } from "./panels/TimeBar";
import { TopBar } from "./panels/TopBar";
import { Wall } from "./panels/Wall";
import { city } from "./state/data";
import { isLocked } from "./state/session";
import { mode, phone } from "./state/store";
import { Failed, Locked } from "./ui/states";
import { StepUpDialog } from "./ui/StepUp";
import { WatchingBar } from "./ui/Watching";

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
      <WatchingBar />
      <div class={`shell ${wall ? "wall" : "watch"} ${phone.value ? "phone" : "desk"} ${face ? "faced" : ""}`}>
        <TopBar />
        {wall ? null : <LayerRail />}
        <MapView />
        {wall ? <Wall /> : <RightPanel />}
        {wall || phone.value ? null : <TimeBar />}
        {face ? <Shown key={face.name} face={face} /> : null}
        {phone.value ? <PhoneNav /> : null}
        {info.error && !info.data ? (
          <div class="city-failed">
            <Failed what="what_city" problem={info.error} retry={city.retry} />
          </div>
        ) : null}
        <Help />
        <StepUpDialog />
        <OwnPasswordDialog />
        <OwnSessionsDialog />
        <SecondFactorDialog />
      </div>
      <CasePrint />
    </>
  );
}

/** What is closed to a session that only watches leaves the page, with all that was opened in it. */
function Shown({ face }: { face: Face }): JSX.Element {
  if (!isLocked(face.operation)) return <FaceView face={face} />;
  return (
    <section class={`face face-${face.name}`} aria-label={t(face.titleKey)}>
      <Locked />
    </section>
  );
}
