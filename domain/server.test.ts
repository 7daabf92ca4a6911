import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type ServerState,
  serverStates,
  type Transition,
  transition,
  transitions,
} from "./server.ts";

const actions = Object.keys(transitions) as Transition[];
const anyAction = fc.constantFrom(...actions);

function follow(from: ServerState, path: readonly Transition[]): ServerState {
  return path.reduce<ServerState>(
    (state, action) => transition({ id: "srv-1", state }, action),
    from,
  );
}

/** Takes those of the actions that are allowed, skips the others. */
function wander(from: ServerState, path: readonly Transition[]): ServerState[] {
  const states = [from];
  for (const action of path) {
    const state = states.at(-1) ?? from;
    try {
      states.push(transition({ id: "srv-1", state }, action));
    } catch {
      // Refused, as it should be: the state stays.
    }
  }
  return states;
}

test("a server goes from registered to finalized by rehearsal and cutover (S-26)", () => {
  const end = follow("registered", [
    "start replication",
    "finish initial sync",
    "start test launch",
    "accept test",
    "start cutover",
    "finish cutover",
    "finalize",
  ]);

  expect(end).toBe("finalized");
});

test("a cutover can be reverted until the server is finalized", () => {
  expect(follow("cut-over", ["revert cutover", "start cutover", "finish cutover"])).toBe(
    "cut-over",
  );
  expect(() => follow("finalized", ["revert cutover"])).toThrow(/is finalized/);
});

test("a launch before the first sync is refused, naming the states it is allowed from", () => {
  expect(() => transition({ id: "srv-1", state: "replicating" }, "start test launch")).toThrow(
    "Server srv-1 is replicating; start test launch needs it to be ready-for-test, testing, ready-for-cutover",
  );
});

test("every move may be repeated: doing it twice ends where doing it once ends", () => {
  fc.assert(
    fc.property(fc.constantFrom(...serverStates), anyAction, (state, action) => {
      const [, once] = wander(state, [action]);
      fc.pre(once !== undefined);

      expect(transition({ id: "srv-1", state: once }, action)).toBe(once);
    }),
  );
});

test("nothing leads out of finalized, and only a finished cutover leads into it", () => {
  const moves = actions.flatMap((action) => Object.entries(transitions[action]));
  const from = (state: ServerState) =>
    new Set(moves.filter(([, to]) => to === state).map(([before]) => before));
  const to = (state: ServerState) =>
    new Set(moves.filter(([before]) => before === state).map(([, after]) => after));

  expect(to("finalized")).toEqual(new Set(["finalized"]));
  expect(from("finalized")).toEqual(new Set(["cut-over", "finalized"]));
  expect(from("cut-over")).toEqual(new Set(["cutting-over", "cut-over"]));
});

test("every state can be reached", () => {
  const seen = new Set<ServerState>(["registered"]);
  for (const _ of serverStates) {
    for (const state of [...seen]) {
      for (const action of actions)
        for (const reached of wander(state, [action])) seen.add(reached);
    }
  }

  expect([...seen].sort()).toEqual([...serverStates].sort());
});
