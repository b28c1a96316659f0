export function Seams(): null { return null; }
