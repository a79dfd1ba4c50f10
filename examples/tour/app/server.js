import { createServer } from 'node:http'

createServer((_, response) => response.end('hello')).listen(3000, '127.0.0.1')
