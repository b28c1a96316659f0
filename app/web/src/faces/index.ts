/**
 * The faces of the page, in the order of the navigation. A face is shown only to those whose role may do `operation`; its
 * code comes when it is first opened. It keeps its own state in the address through `faceParams` (see `state/face.ts`).
 */
import { computed } from "@preact/signals";
import type { ComponentType } from "preact";
import type { TextKey } from "../i18n";
import { may } from "../state/session";
import { face, mode } from "../state/store";
import type { FaceName } from "../state/url";
import type { IconName } from "../ui/icons";

export interface Face {
  readonly name: FaceName;
  readonly titleKey: TextKey;
  readonly icon: IconName;
  /** id of the operation of the API without which the face would be empty */
  readonly operation: string;
  /** what is used every minute stands in the bar; the rest is one click away */
  readonly place: "bar" | "more";
  /** null: the map, which is always there */
  readonly load: (() => Promise<{ default: ComponentType }>) | null;
}

export const FACES: readonly Face[] = [
  { name: "watch", titleKey: "face_watch", icon: "map", operation: "get_city", place: "bar", load: null },
  {
    name: "cases",
    titleKey: "face_cases",
    icon: "cases",
    operation: "list_due",
    place: "bar",
    load: () => import("./cases"),
  },
  {
    name: "plan",
    titleKey: "face_plan",
    icon: "plan",
    operation: "list_plans",
    place: "bar",
    load: () => import("./plan"),
  },
  {
    name: "disputes",
    titleKey: "face_disputes",
    icon: "disputes",
    operation: "list_mediations",
    place: "bar",
    load: () => import("./disputes"),
  },
  {
    name: "warnings",
    titleKey: "face_warnings",
    icon: "warnings",
    operation: "list_warnings",
    place: "bar",
    load: () => import("./warnings"),
  },
  {
    name: "standard",
    titleKey: "face_standard",
    icon: "standard",
    operation: "get_standard",
    place: "more",
    load: () => import("./standard"),
  },
  {
    name: "users",
    titleKey: "face_users",
    icon: "users",
    operation: "list_users",
    place: "more",
    load: () => import("./users"),
  },
  {
    name: "webhooks",
    titleKey: "face_webhooks",
    icon: "webhooks",
    operation: "list_webhooks",
    place: "more",
    load: () => import("./webhooks"),
  },
  {
    name: "mailboxes",
    titleKey: "face_mailboxes",
    icon: "mailboxes",
    operation: "list_duty_mailboxes",
    place: "more",
    load: () => import("./mailboxes"),
  },
  {
    name: "audit",
    titleKey: "face_audit",
    icon: "audit",
    operation: "list_audit",
    place: "more",
    load: () => import("./audit"),
  },
];

export const openFaces = computed(() => FACES.filter(({ operation }) => may(operation)));

/** The face on screen: what the address asks for, if this grant may; else the map. */
export const shownFace = computed<Face | null>(() => {
  if (mode.value === "wall") return null;
  const wanted = openFaces.value.find(({ name }) => name === face.value);
  return wanted?.load ? wanted : null;
});
