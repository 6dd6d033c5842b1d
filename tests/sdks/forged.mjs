// Ways to change a request, each of which gives one that an SDK must refuse.

function once(text, from, to) {
  const made = text.replace(from, to);
  if (made === text) throw new Error(`nothing was changed: there is no ${from}`);
  return made;
}

const other = (text, at = /[A-Za-z0-9](?=[^A-Za-z0-9]*$)/) => once(text, at, (c) => (c === '1' ? '2' : '1'));

export const body = (from, to) => (r) => ({ ...r, body: once(r.body, from, to) });

// Something that stands in a body of JSON under this name.
export const member = (name) => (r) => {
  const all = JSON.parse(r.body);
  return { ...r, body: JSON.stringify({ ...all, [name]: other(all[name]) }) };
};

export const header = (name, at) => (r) => ({ ...r, headers: { ...r.headers, [name]: other(r.headers[name], at) } });

export const url = (from, to) => (r) => ({ ...r, url: once(r.url, from, to) });

export const method = (r) => ({ ...r, method: 'PUT' });

// Meant for somebody else than who judges.
export const expect = (name) => (r) => ({ ...r, expect: { ...r.expect, [name]: other(r.expect[name]) } });

// A token that says something else and has its signature still, wherever it stands.
export const claim = (name) => (r) => {
  const changed = (_, header, claims, signature) => {
    const all = JSON.parse(Buffer.from(claims, 'base64url'));
    all[name] = typeof all[name] === 'number' ? all[name] - 1 : other(all[name]);
    return `${header}.${Buffer.from(JSON.stringify(all)).toString('base64url')}.${signature}`;
  };
  const parts = JSON.stringify([r.headers, r.body]);
  const [headers, body] = JSON.parse(once(parts, /(eyJ[\w-]+)\.(eyJ[\w-]+)\.([\w-]+)/, changed));
  return { ...r, headers, body };
};
