// Azurite, which ends with whoever started it: `node azurite.cjs MARK PATH_OF_AZURITE OPTIONS...`.
// Azurite would take the mark for an option of its own; here it is only for those who look for what is left.
const [node, , , azurite, ...options] = process.argv;
process.argv = [node, azurite, ...options];
process.stdin.on("end", () => process.exit(0)).resume();
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0)); // nothing is kept, so at once
require(azurite);
