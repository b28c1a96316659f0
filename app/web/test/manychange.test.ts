import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { cancel, followed, going } from "../src/faces/users/manychange";

vi.stubGlobal("window", globalThis);

/** A server that makes a change, and hears that it is to be cancelled. */
let server: Server;
let state = { stage: "passwords", done: 3, total: 9, cancelling: false };
let begun = false;
const asked: string[] = [];

beforeAll(async () => {
  server = createServer((request, answer) => {
    asked.push(`${request.method ?? ""} ${request.url ?? ""}`);
    if (request.method === "DELETE" && begun) state = { ...state, cancelling: true };
    answer.writeHead(begun ? 200 : 404, { "content-type": "application/json" });
    answer.end(JSON.stringify(begun ? state : { type: "/problems/not-found", title: "t", detail: "d" }));
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const real = globalThis.fetch;
  vi.stubGlobal("fetch", (path: string, init?: RequestInit) => real(base + path, init));
});
afterAll(() => server.close());
beforeEach(() => {
  begun = false;
  state = { stage: "passwords", done: 3, total: 9, cancelling: false };
  asked.length = 0;
});

test("how far it is shows as soon as the server knows of it, and no longer than it is made", async () => {
  let finish: (given: string) => void = () => undefined;
  const done = followed((id) => new Promise<string>((resolve) => (finish = () => resolve(id))));
  expect(going.value?.stage).toBe("reading");
  await expect.poll(() => asked.length).toBeGreaterThan(0);
  expect(going.value?.stage).toBe("reading"); // it has not begun yet
  begun = true;
  await expect.poll(() => going.value?.done).toBe(3);
  finish("");
  const id = await done;
  expect(going.value).toBe(null);
  expect(asked.every((line) => line === `GET /api/v1/account_changes/${id}`)).toBe(true);
});

test("a cancel is sent once the server knows of the change, and once only", async () => {
  let finish: (given: string) => void = () => undefined;
  const done = followed(() => new Promise<string>((resolve) => (finish = resolve)));
  cancel();
  expect(going.value?.cancelling).toBe(true);
  await expect.poll(() => asked.length).toBeGreaterThan(0);
  begun = true;
  await expect.poll(() => state.cancelling).toBe(true);
  const sent = asked.length;
  await expect.poll(() => asked.length).toBeGreaterThan(sent);
  expect(asked.at(-1)?.startsWith("GET")).toBe(true);
  expect(going.value?.cancelling).toBe(true);
  finish("");
  await done;
  expect(going.value).toBe(null);
});
