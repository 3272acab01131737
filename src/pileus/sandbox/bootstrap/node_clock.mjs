// Shows a Node.js function the platform's clock instead of the machine's.

export function installClock() {}
