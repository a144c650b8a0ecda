// What the scenario needs of Node; the full types are a package of their own.
declare const process: { env: Record<string, string | undefined> };
