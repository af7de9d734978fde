#!/usr/bin/env node
import { launch } from './launch.mjs'

launch('ram-client', '../src/ram-client.ts')
