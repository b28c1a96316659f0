export declare const TEXT_ONLY: readonly { selector: string; message: string }[];
