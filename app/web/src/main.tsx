import { render } from "preact";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import { SignIn } from "./panels/SignIn";
import { touched, watchPresence } from "./api/presence";
import { keptAddress, stepUpRefusal, takeRefusal } from "./state/provider";
import { atFirstSignIn, loadSession, stayHere } from "./state/session";
import { mode, resolvedTheme } from "./state/store";

document.documentElement.dataset["theme"] = resolvedTheme.value;
document.documentElement.dataset["mode"] = mode.value;

async function start(root: HTMLElement): Promise<void> {
  touched();
  watchPresence(stayHere);
  const outside = await loadSession();
  const enter = async (): Promise<void> => {
    if (atFirstSignIn()) {
      const { FirstSignIn } = await import("./panels/FirstSignIn");
      render(null, root);
      render(<FirstSignIn done={() => void enter()} />, root);
      return;
    }
    const { startPage } = await import("./page");
    render(null, root);
    startPage(root);
  };
  if (outside === null) stepUpRefusal.value = takeRefusal();
  const kept = outside === null ? keptAddress() : null;
  if (kept !== null) window.location.replace(kept);
  else if (outside === null) await enter();
  else render(<SignIn outside={outside} entered={() => void enter()} />, root);
}

const root = document.getElementById("app");
if (root) void start(root);
