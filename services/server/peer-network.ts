import { isIPv6 } from 'node:net';

/**
 * What counts as one address: an IPv4 address, also where it comes as IPv6; of IPv6 the first 64 bits, for whoever has one such
 * address has all of its network. Undefined (the peer is gone, or no network is in between) is one address as well.
 */
export function peerNetwork(address = ''): string {
  const plain = address.replace(/%.*$/, '').toLowerCase();
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(plain)) return plain;
  const [head = [], tail = []] = plain.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = Array.from({ length: Math.max(0, GROUPS - head.length - tail.length) }, () => '0');
  const network = [...head, ...zeros, ...tail].slice(0, GROUPS / 2);
  return `${network.map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::/64`;
}

const GROUPS = 8;

/** Of so many places, those of one address; at least one. */
export function addressPlaces(placesMax: number, share: number): number {
  return Math.max(1, Math.floor(placesMax * share));
}
