// A page that tells where the reader is. The chat follows.

/** @type {{name: string, users: number, port: number | null}} */
const server = JSON.parse(document.getElementById('server').textContent);

const title = document.createElement('h1');
title.textContent = server.name;
const people = document.createElement('p');
people.textContent = server.users === 1 ? '1 person is here.' : `${server.users} people are here.`;
document.querySelector('main').append(title, people);
if (server.port !== null) {
  const way = document.createElement('code');
  way.textContent = `nc ${location.hostname} ${server.port}`;
  document.querySelector('main').append(way);
}
