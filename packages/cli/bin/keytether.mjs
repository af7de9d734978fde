#!/usr/bin/env node
import { launch } from './launch.mjs'

launch('keytether', '../src/main.ts')
