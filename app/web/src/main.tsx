import { render } from "preact";
import "leaflet/dist/leaflet.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/panels.css";
import "./styles/map.css";
import { App } from "./app";
import { mapHandle } from "./state/actions";
import { startKeys } from "./state/keys";
import { startLive } from "./state/livefeed";
import { mode, place, resolvedTheme, syncUrl } from "./state/store";

document.documentElement.dataset["theme"] = resolvedTheme.value;
document.documentElement.dataset["mode"] = mode.value;

const root = document.getElementById("app");
if (root) {
  render(<App />, root);
  startLive();
  startKeys();
  syncUrl(() => {
    if (place.value) mapHandle.value?.jump(place.value);
  });
}
