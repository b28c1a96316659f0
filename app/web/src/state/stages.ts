/** The public stages of a case, in order; the index is what the tiles carry. */
export const STAGES = ["reported", "registered", "assigned", "handling", "checking", "closed"] as const;

export const stageIndex = (stage: string): number =>
  Math.max(
    0,
    STAGES.findIndex((known) => known === stage),
  );
