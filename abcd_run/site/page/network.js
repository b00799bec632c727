// A network of the machines in this browser's tabs; nothing of it leaves the browser.

import { random } from "./bytes.js";
import { asked } from "./places.js";
import { quoted } from "./seed.js";

/** Says whether this tab's machine is on the network: the page's address may say otherwise. */
export function networked(told) {
  const wish = asked("network");
  return (wish === "tabs" || wish === "off" ? wish : told.network) === "tabs";
}

const SCRIPT = (mac, address) => `
set -e
modprobe virtio_net
for path in /sys/class/net/*; do
    [ "\${path##*/}" = lo ] || card=\${path##*/}
done
ip link set "$card" down
ip link set "$card" address ${quoted(mac)}
ip addr flush dev "$card" 2>/dev/null || :
ip link set "$card" up
ip addr add ${quoted(`${address}/16`)} broadcast + dev "$card"
`;

/**
 * Gives the machine an address that is this tab's; returns it. A machine that was saved would
 * otherwise have its own twice, once in each tab that goes on with it.
 */
export async function connect(run) {
  const [high, low] = random(2);
  const last = 1 + (low % 254);
  const hex = (byte) => byte.toString(16).padStart(2, "0");
  const mac = `02:86:${[...random(2), high, last].map(hex).join(":")}`;
  const address = `10.86.${high}.${last}`;
  const { status, err } = await run(SCRIPT(mac, address));
  if (status) throw new Error(new TextDecoder().decode(err).trim());
  return address;
}
