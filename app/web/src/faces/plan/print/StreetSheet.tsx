export function StreetSheet(): null { return null; }
