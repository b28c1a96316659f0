/** What the paths of the filing standard give. */
export interface Line {
  readonly category: string;
  readonly sub_category: string;
  readonly code: string;
  readonly condition: string;
  readonly limit: string;
  readonly unit: string;
  readonly responsible_unit: string;
  readonly closing_condition: string;
  readonly note: string;
}

export interface FilingStandard {
  readonly valid_from: string;
  readonly valid_until: string | null;
  readonly lines: readonly Line[];
}

/** Limits as text: "" for none, null for a code that is not in that standard. */
export interface ChangedLimit {
  readonly code: string;
  readonly name: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface ChangedCase {
  readonly no: number;
  readonly title: string;
  readonly code: string;
  readonly limit_before: string | null;
  readonly limit_after: string | null;
  readonly due_before: string | null;
  readonly due_after: string | null;
}

export interface Preview {
  readonly valid_from: string;
  readonly published: boolean;
  readonly lines: number;
  readonly added: readonly ChangedLimit[];
  readonly removed: readonly ChangedLimit[];
  readonly changed: readonly ChangedLimit[];
  readonly cases: { readonly n: number; readonly kept: number; readonly items: readonly ChangedCase[] };
  readonly errors: readonly { readonly row: number; readonly column: string; readonly message: string }[];
}
