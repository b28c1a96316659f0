/** A face over the map. The map stays where it is beneath, so that coming back costs nothing. */
import type { ComponentType, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { asProblem, type Problem } from "../api/problem";
import { t } from "../i18n";
import { faceKeys } from "../state/face";
import { Failed, Skeleton } from "../ui/states";
import type { Face } from "./index";

const loaded = new Map<string, ComponentType>();

export function FaceView({ face }: { face: Face }): JSX.Element {
  const [attempt, setAttempt] = useState(0);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [, ready] = useState("");
  useEffect(() => {
    let left = false;
    setProblem(null);
    if (!loaded.has(face.name)) {
      face.load?.().then(
        (code) => {
          loaded.set(face.name, code.default);
          if (!left) ready(face.name);
        },
        (reason: unknown) => {
          if (!left) setProblem(asProblem(reason));
        },
      );
    }
    return () => {
      left = true;
      faceKeys.value = null;
    };
  }, [face, attempt]);
  const Shown = loaded.get(face.name);
  return (
    <section class={`face face-${face.name}`} aria-label={t(face.titleKey)}>
      {Shown ? (
        <Shown />
      ) : problem ? (
        <Failed what="what_face" problem={problem} retry={() => setAttempt(attempt + 1)} />
      ) : (
        <Skeleton rows={10} />
      )}
    </section>
  );
}
