/** Faces: going to one, and what each keeps of its own in the address and on the keyboard. */
import { batch, signal } from "@preact/signals";
import { face, faceParams, layersOpen } from "./store";
import type { FaceName, FaceParams } from "./url";

/** Open a face, with its own part of the address. */
export function goFace(name: FaceName, params: FaceParams = {}): void {
  batch(() => {
    layersOpen.value = false;
    face.value = name;
    faceParams.value = params;
  });
}

/** One part of the face's own address; "" when it is not there. Reading it subscribes. */
export function faceParam(name: string): string {
  return faceParams.value[name] ?? "";
}

/** Change parts of it; "" takes one away. `sel` is a step that the browser's back undoes, the others are not. */
export function setFaceParams(parts: FaceParams): void {
  const next = Object.entries({ ...faceParams.peek(), ...parts }).filter(([, value]) => value !== "");
  faceParams.value = Object.fromEntries(next);
}

export type FaceKeys = Readonly<Record<string, (event: KeyboardEvent) => void>>;

/** What keys do while a face is open (`j`, `Enter`, `Escape`, …): set it in an effect of the face, it ends with it. */
export const faceKeys = signal<FaceKeys | null>(null);
