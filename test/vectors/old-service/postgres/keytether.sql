--
-- PostgreSQL database dump
--


-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: ceremonies; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.ceremonies (
    id text NOT NULL,
    tenant_id text NOT NULL,
    device_id text,
    kind text NOT NULL,
    state text NOT NULL,
    data text NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    revision integer NOT NULL
);


--
-- Name: credentials; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.credentials (
    id text NOT NULL,
    principal_id text NOT NULL,
    name text NOT NULL,
    token_hash text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint,
    last_used_at bigint
);


--
-- Name: data_keys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.data_keys (
    id text NOT NULL,
    version_id text NOT NULL,
    reference text,
    created_at bigint NOT NULL,
    last_used_at bigint NOT NULL
);


--
-- Name: devices; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.devices (
    id text NOT NULL,
    path text NOT NULL,
    tenant_id text,
    group_id text,
    name text,
    state text NOT NULL,
    priority integer NOT NULL,
    standby integer NOT NULL,
    pin bytea,
    pin_refused integer NOT NULL,
    facts text NOT NULL,
    created_at bigint NOT NULL,
    last_seen_at bigint,
    revision integer NOT NULL
);


--
-- Name: enrolments; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.enrolments (
    id text NOT NULL,
    tenant_id text NOT NULL,
    name text NOT NULL,
    group_id text,
    secret_hash text NOT NULL,
    uses_left integer,
    expires_at bigint,
    created_at bigint NOT NULL
);


--
-- Name: events; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.events (
    id bigint NOT NULL,
    tenant_id text,
    at bigint NOT NULL,
    type text NOT NULL,
    subject text NOT NULL,
    actor text,
    data text NOT NULL
);


--
-- Name: events_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: events_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.events_id_seq OWNED BY public.events.id;


--
-- Name: groups; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.groups (
    id text NOT NULL,
    tenant_id text NOT NULL,
    name text NOT NULL,
    key_domain text,
    created_at bigint NOT NULL,
    revision integer NOT NULL
);


--
-- Name: idempotency; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.idempotency (
    principal_id text NOT NULL,
    idempotency_key text NOT NULL,
    request_hash text NOT NULL,
    status integer NOT NULL,
    answer text NOT NULL,
    created_at bigint NOT NULL
);


--
-- Name: instances; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.instances (
    version_id text NOT NULL,
    device_id text NOT NULL,
    reference integer NOT NULL,
    state text NOT NULL,
    reason text,
    checked_at bigint NOT NULL
);


--
-- Name: key_versions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.key_versions (
    id text NOT NULL,
    key_id text NOT NULL,
    version integer NOT NULL,
    state text NOT NULL,
    state_since bigint NOT NULL,
    reason text,
    other_state text NOT NULL,
    adopted integer DEFAULT 0 NOT NULL,
    card_key_id text,
    label text NOT NULL,
    public_key bytea,
    identity text,
    wrapped bytea,
    key_domain text,
    attestation bytea,
    certificate bytea,
    answer text,
    destroy_at bigint,
    uses bigint NOT NULL,
    last_used_at bigint,
    created_at bigint NOT NULL
);


--
-- Name: keys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.keys (
    id text NOT NULL,
    tenant_id text NOT NULL,
    group_id text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    parameter text NOT NULL,
    algorithms text NOT NULL,
    tags text NOT NULL,
    durability integer NOT NULL,
    use_counter bigint,
    primary_version integer NOT NULL,
    rotate_after bigint,
    created_at bigint NOT NULL,
    revision integer NOT NULL
);


--
-- Name: kysely_migration; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.kysely_migration (
    name character varying(255) NOT NULL,
    "timestamp" character varying(255) NOT NULL
);


--
-- Name: kysely_migration_lock; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.kysely_migration_lock (
    id character varying(255) NOT NULL,
    is_locked integer DEFAULT 0 NOT NULL
);


--
-- Name: leftovers; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.leftovers (
    device_path text NOT NULL,
    reference integer NOT NULL,
    card_key_id text NOT NULL,
    created_at bigint NOT NULL
);


--
-- Name: principals; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.principals (
    id text NOT NULL,
    tenant_id text,
    name text NOT NULL,
    roles text NOT NULL,
    tags text NOT NULL,
    created_at bigint NOT NULL,
    disabled_at bigint,
    revision integer NOT NULL
);


--
-- Name: settings; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.settings (
    name text NOT NULL,
    value text NOT NULL
);


--
-- Name: tenants; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.tenants (
    id text NOT NULL,
    name text NOT NULL,
    created_at bigint NOT NULL
);


--
-- Name: events id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.events ALTER COLUMN id SET DEFAULT nextval('public.events_id_seq'::regclass);


--
-- Data for Name: ceremonies; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.ceremonies VALUES ('crm_D3ijlFwMSN-3zDW_Jyxn', 'tnt_CgnSaIxx61_UHoKgDGIz', 'dev_MpRrg34Sac1T1VF_o-Eu', 'retirement', 'done', '{"record":"{\"format\":\"keytether retirement\",\"version\":1,\"device\":{\"path\":\"ZZEMULATOR.ZZEMULCA.ZZEMUQCEZ5N\",\"name\":\"ZZEMUQCEZ5N\",\"firmware\":\"4.1\"},\"retiredAt\":\"2026-11-21T18:25:45.006Z\",\"retiredBy\":{\"id\":\"prn_wPHsKusFPXpdh-jIArlh\",\"name\":\"token-68265636\"},\"before\":{\"label\":\"SmartCard-HSM\",\"keys\":[],\"certificates\":[],\"data\":[],\"keyDomains\":[],\"custodians\":0,\"words\":[]},\"erased\":{\"command\":\"INITIALIZE DEVICE\",\"status\":\"9000\",\"readBack\":{\"keys\":0,\"certificates\":0,\"dataObjects\":0}}}","signature":"BFuirh6ut8WLPilsK040QoEoaU54m/iKVBhZGiCMl3N3aqidJag7CaFWa+e6LfsXNnvGXgIHmJlI7YtU6jlPCQ==","publicKey":"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEATLCF2A8epAOQvAaR34UKqx7bnyHhcXXjd8ql6HW8aLw=\n-----END PUBLIC KEY-----\n"}', 1795285544990, 1795285545009, 1);


--
-- Data for Name: credentials; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.credentials VALUES ('crd_0UuUgxUnXjvrfYVfPa0B', 'prn_iYVBAKhp957ledoAyBwb', 'first', '20dd3862f9218dbba06eec8cc8d3af34b21cb83cd8c18d136dba998dbeffe580', 1795285541562, NULL, NULL);
INSERT INTO public.credentials VALUES ('crd_KhaV7GPv5OmEUaQQrnkW', 'prn_iYVBAKhp957ledoAyBwb', 'second', 'fccc53f8713690746dec69f649dfa8f3fe827295bc106e64e6edee6ea5ebdebd', 1795285542184, 4102358400000, NULL);
INSERT INTO public.credentials VALUES ('crd_TejOAOV4GIWCnkBBfpas', 'prn_qaShlykuxKWxSvCVv_Sl', 'first', 'e18dccdced13edba8ea213f9e68d8d6ad1053cffc16c59de101597897b9d6fda', 1795285542861, NULL, NULL);
INSERT INTO public.credentials VALUES ('crd_2EqqenmbTsXf_L0vQtlJ', 'prn_0_hS29IXuzfGSjG02GW4', 'first', '02bbcb193fedfa33fd2cac19e24750a293cec7f62a143c985843133aab123138', 1795285543605, NULL, NULL);


--
-- Data for Name: data_keys; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.data_keys VALUES ('dk_fr3mSg0PxS0F7fk0sKs5', 'kv_MPv-7IVrDOxB7Y2xvkKa', NULL, 1795285540951, 1795285540951);


--
-- Data for Name: devices; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.devices VALUES ('dev_4MmuuFLohAyc9hvsxptg', 'ZZEMULATOR.ZZEMULCA.ZZEMUW33566', 'tnt_CgnSaIxx61_UHoKgDGIz', 'grp_0QgWDsMy9jeOfcqXHB8A', 'ZZEMUW33566', 'claimed', 0, 0, '\x01b3d30411b7e9c565743f43a67228f439809142ea6cc4e7ad51647e626ce577d36734abbfabf2', 0, '{"at":1795285539940,"code":"A2A9-C46E-DF34-6927","version":"4.1","label":"token 2","userPin":{"status":"verified"},"soPin":{"status":"notVerified","triesLeft":15},"freeMemory":1044405,"keys":[{"reference":1,"id":"395210040204AE453599B8E208D0BD77F412F5DC","label":"web-ec","kind":"EC","bits":256,"keyDomain":0},{"reference":2,"id":"9190B0E8E000F9458D20F23F30FE7E6639F39BEC","label":"web-rsa","kind":"RSA","bits":2048,"keyDomain":0},{"reference":3,"id":"AC226700CB07CDB0B17E3FD7780219EE4E6EE4C5","label":"store-aes","kind":"AES","bits":256,"keyDomain":0},{"reference":4,"id":"77DF379C86FB69E6373CAA0E169E068A56B3BD1D","label":"gone","kind":"EC","bits":256,"keyDomain":0},{"reference":5,"id":"455E87942B4BCFD17485FBB8E4568E5ED336C0DA","label":"web-ec v2","kind":"EC","bits":256,"keyDomain":0}],"keyDomains":[{"index":0,"shares":1,"outstanding":0,"keyCheckValue":"E94A2283A8C8CE4F"}]}', 1795285527541, 1795285539940, 4);
INSERT INTO public.devices VALUES ('dev_ycIkRy8N5b6iTO3lkMjc', 'ZZEMULATOR.ZZEMULCA.ZZEMUJ5LTZS', 'tnt_CgnSaIxx61_UHoKgDGIz', 'grp_0QgWDsMy9jeOfcqXHB8A', 'ZZEMUJ5LTZS', 'claimed', 0, 0, '\x01b3d30411d3542d6bad7a44df20bb7d35bfe82002d4afbd80dc0e42ba8d2e46a285db8e88e052', 0, '{"at":1795285539995,"code":"C2F7-B0BE-2E5F-D3B0","version":"4.1","label":"token 1","userPin":{"status":"verified"},"soPin":{"status":"notVerified","triesLeft":15},"freeMemory":1044405,"keys":[{"reference":1,"id":"395210040204AE453599B8E208D0BD77F412F5DC","label":"web-ec","kind":"EC","bits":256,"keyDomain":0},{"reference":2,"id":"9190B0E8E000F9458D20F23F30FE7E6639F39BEC","label":"web-rsa","kind":"RSA","bits":2048,"keyDomain":0},{"reference":3,"id":"AC226700CB07CDB0B17E3FD7780219EE4E6EE4C5","label":"store-aes","kind":"AES","bits":256,"keyDomain":0},{"reference":4,"id":"77DF379C86FB69E6373CAA0E169E068A56B3BD1D","label":"gone","kind":"EC","bits":256,"keyDomain":0},{"reference":5,"id":"455E87942B4BCFD17485FBB8E4568E5ED336C0DA","label":"web-ec v2","kind":"EC","bits":256,"keyDomain":0}],"keyDomains":[{"index":0,"shares":1,"outstanding":0,"keyCheckValue":"E94A2283A8C8CE4F"}]}', 1795285527015, 1795285539995, 4);
INSERT INTO public.devices VALUES ('dev_MpRrg34Sac1T1VF_o-Eu', 'ZZEMULATOR.ZZEMULCA.ZZEMUQCEZ5N', 'tnt_CgnSaIxx61_UHoKgDGIz', NULL, 'ZZEMUQCEZ5N', 'retired', 0, 0, NULL, 0, '{"at":1795285530768,"code":"412C-A98B-6F15-E5A4","version":"4.1","label":"SmartCard-HSM","userPin":{"status":"verified"},"soPin":{"status":"notVerified","triesLeft":15},"freeMemory":1048576,"keys":[],"keyDomains":[]}', 1795285528127, 1795285545020, 4);


--
-- Data for Name: enrolments; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.enrolments VALUES ('enr_SgBSzgsnqSSer6opQdCY', 'tnt_CgnSaIxx61_UHoKgDGIz', 'visitors', NULL, 'bedd01b869ad502d25202324f66a2c53191e392a7aaf541033a05a5cbb31964f', NULL, NULL, 1795285544300);
INSERT INTO public.enrolments VALUES ('enr_Es7_GagQ2Y0ljjb0nQGO', 'tnt_CgnSaIxx61_UHoKgDGIz', 'twice', NULL, '11b3d935655bdcfc48f1769934d83a063c0572d2c0421088b670088c1c6b185e', NULL, NULL, 1795285544325);


--
-- Data for Name: events; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.events VALUES (1, NULL, 1795285526236, 'tenant.created', 'tnt_CgnSaIxx61_UHoKgDGIz', NULL, '{"name":"main"}');
INSERT INTO public.events VALUES (2, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285526246, 'principal.created', 'prn_wPHsKusFPXpdh-jIArlh', NULL, '{"name":"token-68265636","roles":["administrator","custodian","manager","operator","auditor"]}');
INSERT INTO public.events VALUES (3, NULL, 1795285526249, 'principal.created', 'prn_FPUKkut-rUix_ZprgUqm', NULL, '{"name":"root-e4621e66","roles":["root"]}');
INSERT INTO public.events VALUES (4, NULL, 1795285527023, 'device.sighted', 'dev_ycIkRy8N5b6iTO3lkMjc', NULL, '{"path":"ZZEMULATOR.ZZEMULCA.ZZEMUJ5LTZS"}');
INSERT INTO public.events VALUES (5, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285527024, 'device.claimed', 'dev_ycIkRy8N5b6iTO3lkMjc', NULL, '{"path":"ZZEMULATOR.ZZEMULCA.ZZEMUJ5LTZS","name":"ZZEMUJ5LTZS","group":"grp_I3su_EvLibRVBwc3QZSX","by":"the configuration"}');
INSERT INTO public.events VALUES (6, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285527024, 'device.connected', 'dev_ycIkRy8N5b6iTO3lkMjc', NULL, '{"address":"127.0.0.1","transport":"websocket"}');
INSERT INTO public.events VALUES (7, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285527049, 'group.degraded', 'grp_I3su_EvLibRVBwc3QZSX', NULL, '{"state":"unavailable","reasons":["ZZEMUJ5LTZS: it is secured"]}');
INSERT INTO public.events VALUES (8, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285527065, 'device.locked', 'dev_ycIkRy8N5b6iTO3lkMjc', NULL, '{"reason":"locked, 3 tries left: give the PIN to its agent, or to the service"}');
INSERT INTO public.events VALUES (9, NULL, 1795285527546, 'device.sighted', 'dev_4MmuuFLohAyc9hvsxptg', NULL, '{"path":"ZZEMULATOR.ZZEMULCA.ZZEMUW33566"}');
INSERT INTO public.events VALUES (10, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285527547, 'device.claimed', 'dev_4MmuuFLohAyc9hvsxptg', NULL, '{"path":"ZZEMULATOR.ZZEMULCA.ZZEMUW33566","name":"ZZEMUW33566","group":"grp_Qw_3Tt8_ufwdqhjvKgV9","by":"the configuration"}');
INSERT INTO public.events VALUES (11, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285527547, 'device.connected', 'dev_4MmuuFLohAyc9hvsxptg', NULL, '{"address":"127.0.0.1","transport":"websocket"}');
INSERT INTO public.events VALUES (12, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285527565, 'group.degraded', 'grp_Qw_3Tt8_ufwdqhjvKgV9', NULL, '{"state":"unavailable","reasons":["ZZEMUW33566: it is secured"]}');
INSERT INTO public.events VALUES (13, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285527568, 'device.locked', 'dev_4MmuuFLohAyc9hvsxptg', NULL, '{"reason":"locked, 3 tries left: give the PIN to its agent, or to the service"}');
INSERT INTO public.events VALUES (14, NULL, 1795285528139, 'device.sighted', 'dev_MpRrg34Sac1T1VF_o-Eu', NULL, '{"path":"ZZEMULATOR.ZZEMULCA.ZZEMUQCEZ5N"}');
INSERT INTO public.events VALUES (15, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285528141, 'device.claimed', 'dev_MpRrg34Sac1T1VF_o-Eu', NULL, '{"path":"ZZEMULATOR.ZZEMULCA.ZZEMUQCEZ5N","name":"ZZEMUQCEZ5N","group":"grp_jkdVc_aEdl2eHaoRxIxM","by":"the configuration"}');
INSERT INTO public.events VALUES (16, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285528141, 'device.connected', 'dev_MpRrg34Sac1T1VF_o-Eu', NULL, '{"address":"127.0.0.1","transport":"websocket"}');
INSERT INTO public.events VALUES (17, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285528162, 'group.degraded', 'grp_jkdVc_aEdl2eHaoRxIxM', NULL, '{"state":"unavailable","reasons":["ZZEMUQCEZ5N: it is secured"]}');
INSERT INTO public.events VALUES (18, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285528166, 'device.locked', 'dev_MpRrg34Sac1T1VF_o-Eu', NULL, '{"reason":"locked, 3 tries left: give the PIN to its agent, or to the service"}');
INSERT INTO public.events VALUES (19, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285530085, 'device.pinAccepted', 'dev_ycIkRy8N5b6iTO3lkMjc', 'prn_wPHsKusFPXpdh-jIArlh', '{"status":"verified","kept":true}');
INSERT INTO public.events VALUES (20, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285530088, 'device.locked', 'dev_ycIkRy8N5b6iTO3lkMjc', NULL, '{"reason":"its PIN was given, and it comes up"}');
INSERT INTO public.events VALUES (21, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285530125, 'group.healed', 'grp_I3su_EvLibRVBwc3QZSX', NULL, '{"state":"healthy","reasons":[]}');
INSERT INTO public.events VALUES (22, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285530131, 'device.ready', 'dev_ycIkRy8N5b6iTO3lkMjc', NULL, '{}');
INSERT INTO public.events VALUES (23, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285530133, 'group.keyDomain', 'grp_I3su_EvLibRVBwc3QZSX', NULL, '{"keyDomain":"E94A2283A8C8CE4F"}');
INSERT INTO public.events VALUES (24, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285530753, 'device.pinAccepted', 'dev_MpRrg34Sac1T1VF_o-Eu', 'prn_wPHsKusFPXpdh-jIArlh', '{"status":"verified","kept":true}');
INSERT INTO public.events VALUES (25, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285530755, 'device.locked', 'dev_MpRrg34Sac1T1VF_o-Eu', NULL, '{"reason":"its PIN was given, and it comes up"}');
INSERT INTO public.events VALUES (26, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285530781, 'device.ready', 'dev_MpRrg34Sac1T1VF_o-Eu', NULL, '{}');
INSERT INTO public.events VALUES (27, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285530789, 'group.healed', 'grp_jkdVc_aEdl2eHaoRxIxM', NULL, '{"state":"healthy","reasons":[]}');
INSERT INTO public.events VALUES (28, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285531493, 'device.pinAccepted', 'dev_4MmuuFLohAyc9hvsxptg', 'prn_wPHsKusFPXpdh-jIArlh', '{"status":"verified","kept":true}');
INSERT INTO public.events VALUES (29, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285531506, 'device.locked', 'dev_4MmuuFLohAyc9hvsxptg', NULL, '{"reason":"its PIN was given, and it comes up"}');
INSERT INTO public.events VALUES (30, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285531536, 'group.healed', 'grp_Qw_3Tt8_ufwdqhjvKgV9', NULL, '{"state":"healthy","reasons":[]}');
INSERT INTO public.events VALUES (31, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285531537, 'device.ready', 'dev_4MmuuFLohAyc9hvsxptg', NULL, '{}');
INSERT INTO public.events VALUES (32, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285531539, 'group.keyDomain', 'grp_Qw_3Tt8_ufwdqhjvKgV9', NULL, '{"keyDomain":"E94A2283A8C8CE4F"}');
INSERT INTO public.events VALUES (33, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285534432, 'group.created', 'grp_0QgWDsMy9jeOfcqXHB8A', 'prn_wPHsKusFPXpdh-jIArlh', '{"name":"office","keyDomain":null}');
INSERT INTO public.events VALUES (34, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285535090, 'device.joined', 'dev_ycIkRy8N5b6iTO3lkMjc', 'prn_wPHsKusFPXpdh-jIArlh', '{"group":"office","priority":0,"standby":false}');
INSERT INTO public.events VALUES (35, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285535105, 'group.deleted', 'grp_I3su_EvLibRVBwc3QZSX', 'prn_wPHsKusFPXpdh-jIArlh', '{"name":"ZZEMUJ5LTZS"}');
INSERT INTO public.events VALUES (36, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285535749, 'device.joined', 'dev_4MmuuFLohAyc9hvsxptg', 'prn_wPHsKusFPXpdh-jIArlh', '{"group":"office","priority":0,"standby":false}');
INSERT INTO public.events VALUES (37, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285535760, 'group.deleted', 'grp_Qw_3Tt8_ufwdqhjvKgV9', 'prn_wPHsKusFPXpdh-jIArlh', '{"name":"ZZEMUW33566"}');
INSERT INTO public.events VALUES (38, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285536443, 'key.creating', 'key_-xasVmhRhqfAWIL70ymd', 'prn_wPHsKusFPXpdh-jIArlh', '{"name":"web-ec","version":1}');
INSERT INTO public.events VALUES (39, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285536455, 'key.progress', 'key_-xasVmhRhqfAWIL70ymd', NULL, '{"name":"web-ec","version":1,"step":"making","device":"ZZEMULATOR.ZZEMULCA.ZZEMUJ5LTZS"}');
INSERT INTO public.events VALUES (40, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285536506, 'key.progress', 'key_-xasVmhRhqfAWIL70ymd', NULL, '{"name":"web-ec","version":1,"step":"made","device":"ZZEMULATOR.ZZEMULCA.ZZEMUJ5LTZS"}');
INSERT INTO public.events VALUES (41, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285536565, 'instance.verified', 'kv_4qXLRThHhlXSNIoKxRg3', NULL, '{"key":"web-ec","version":1,"device":"ZZEMUW33566","state":"verified"}');
INSERT INTO public.events VALUES (42, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285536571, 'key.created', 'key_-xasVmhRhqfAWIL70ymd', NULL, '{"name":"web-ec","version":1,"state":"active"}');
INSERT INTO public.events VALUES (43, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285537265, 'key.creating', 'key_OzgMy8bG1w0v7CcxjxGv', 'prn_wPHsKusFPXpdh-jIArlh', '{"name":"web-rsa","version":1}');
INSERT INTO public.events VALUES (44, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285537271, 'key.progress', 'key_OzgMy8bG1w0v7CcxjxGv', NULL, '{"name":"web-rsa","version":1,"step":"making","device":"ZZEMULATOR.ZZEMULCA.ZZEMUJ5LTZS"}');
INSERT INTO public.events VALUES (45, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285537427, 'key.progress', 'key_OzgMy8bG1w0v7CcxjxGv', NULL, '{"name":"web-rsa","version":1,"step":"made","device":"ZZEMULATOR.ZZEMULCA.ZZEMUJ5LTZS"}');
INSERT INTO public.events VALUES (46, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285537474, 'instance.verified', 'kv_ZTIj5P6vPold3FmdDjnZ', NULL, '{"key":"web-rsa","version":1,"device":"ZZEMUW33566","state":"verified"}');
INSERT INTO public.events VALUES (47, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285537480, 'key.created', 'key_OzgMy8bG1w0v7CcxjxGv', NULL, '{"name":"web-rsa","version":1,"state":"active"}');
INSERT INTO public.events VALUES (48, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285538174, 'key.creating', 'key_YZQKYaVvtdg-Bi995G6P', 'prn_wPHsKusFPXpdh-jIArlh', '{"name":"store-aes","version":1}');
INSERT INTO public.events VALUES (49, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285538181, 'key.progress', 'key_YZQKYaVvtdg-Bi995G6P', NULL, '{"name":"store-aes","version":1,"step":"making","device":"ZZEMULATOR.ZZEMULCA.ZZEMUJ5LTZS"}');
INSERT INTO public.events VALUES (50, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285538213, 'key.progress', 'key_YZQKYaVvtdg-Bi995G6P', NULL, '{"name":"store-aes","version":1,"step":"made","device":"ZZEMULATOR.ZZEMULCA.ZZEMUJ5LTZS"}');
INSERT INTO public.events VALUES (51, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285538256, 'instance.verified', 'kv_MPv-7IVrDOxB7Y2xvkKa', NULL, '{"key":"store-aes","version":1,"device":"ZZEMUW33566","state":"verified"}');
INSERT INTO public.events VALUES (52, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285538260, 'key.created', 'key_YZQKYaVvtdg-Bi995G6P', NULL, '{"name":"store-aes","version":1,"state":"active"}');
INSERT INTO public.events VALUES (53, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285538886, 'key.creating', 'key_3kwjuEUpx8UUrQH1qa9V', 'prn_wPHsKusFPXpdh-jIArlh', '{"name":"gone","version":1}');
INSERT INTO public.events VALUES (54, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285538892, 'key.progress', 'key_3kwjuEUpx8UUrQH1qa9V', NULL, '{"name":"gone","version":1,"step":"making","device":"ZZEMULATOR.ZZEMULCA.ZZEMUW33566"}');
INSERT INTO public.events VALUES (55, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285538926, 'key.progress', 'key_3kwjuEUpx8UUrQH1qa9V', NULL, '{"name":"gone","version":1,"step":"made","device":"ZZEMULATOR.ZZEMULCA.ZZEMUW33566"}');
INSERT INTO public.events VALUES (56, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285538970, 'instance.verified', 'kv__uygSLvm2x4xUn4pk8oy', NULL, '{"key":"gone","version":1,"device":"ZZEMUJ5LTZS","state":"verified"}');
INSERT INTO public.events VALUES (57, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285538974, 'key.created', 'key_3kwjuEUpx8UUrQH1qa9V', NULL, '{"name":"gone","version":1,"state":"active"}');
INSERT INTO public.events VALUES (58, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285539614, 'key.creating', 'key_-xasVmhRhqfAWIL70ymd', 'prn_wPHsKusFPXpdh-jIArlh', '{"name":"web-ec","version":2}');
INSERT INTO public.events VALUES (59, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285539621, 'key.progress', 'key_-xasVmhRhqfAWIL70ymd', NULL, '{"name":"web-ec","version":2,"step":"making","device":"ZZEMULATOR.ZZEMULCA.ZZEMUW33566"}');
INSERT INTO public.events VALUES (60, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285539654, 'key.progress', 'key_-xasVmhRhqfAWIL70ymd', NULL, '{"name":"web-ec","version":2,"step":"made","device":"ZZEMULATOR.ZZEMULCA.ZZEMUW33566"}');
INSERT INTO public.events VALUES (61, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285539695, 'instance.verified', 'kv_4ivzcC-Dd3l3Ru4k-P22', NULL, '{"key":"web-ec","version":2,"device":"ZZEMUJ5LTZS","state":"verified"}');
INSERT INTO public.events VALUES (62, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285539699, 'key.created', 'key_-xasVmhRhqfAWIL70ymd', NULL, '{"name":"web-ec","version":2,"state":"active"}');
INSERT INTO public.events VALUES (63, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285539700, 'key.deactivated', 'key_-xasVmhRhqfAWIL70ymd', NULL, '{"name":"web-ec","version":1}');
INSERT INTO public.events VALUES (64, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285540315, 'key.destroyed', 'key_3kwjuEUpx8UUrQH1qa9V', 'prn_wPHsKusFPXpdh-jIArlh', '{"name":"gone","version":1,"state":"destroyed"}');
INSERT INTO public.events VALUES (65, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285541550, 'principal.created', 'prn_iYVBAKhp957ledoAyBwb', 'prn_wPHsKusFPXpdh-jIArlh', '{"name":"web","roles":["operator"],"tags":["web"]}');
INSERT INTO public.events VALUES (66, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285541565, 'credential.created', 'prn_iYVBAKhp957ledoAyBwb', 'prn_wPHsKusFPXpdh-jIArlh', '{"credential":"crd_0UuUgxUnXjvrfYVfPa0B","name":"first","expiresAt":null}');
INSERT INTO public.events VALUES (67, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285542187, 'credential.created', 'prn_iYVBAKhp957ledoAyBwb', 'prn_wPHsKusFPXpdh-jIArlh', '{"credential":"crd_KhaV7GPv5OmEUaQQrnkW","name":"second","expiresAt":4102358400000}');
INSERT INTO public.events VALUES (68, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285542852, 'principal.created', 'prn_qaShlykuxKWxSvCVv_Sl', 'prn_wPHsKusFPXpdh-jIArlh', '{"name":"reader","roles":["auditor"],"tags":[]}');
INSERT INTO public.events VALUES (69, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285542863, 'credential.created', 'prn_qaShlykuxKWxSvCVv_Sl', 'prn_wPHsKusFPXpdh-jIArlh', '{"credential":"crd_TejOAOV4GIWCnkBBfpas","name":"first","expiresAt":null}');
INSERT INTO public.events VALUES (70, NULL, 1795285543611, 'tenant.created', 'tnt_XKM91KcTQNOxKFZ0KJa4', 'prn_FPUKkut-rUix_ZprgUqm', '{"name":"branch"}');
INSERT INTO public.events VALUES (71, 'tnt_XKM91KcTQNOxKFZ0KJa4', 1795285543612, 'principal.created', 'prn_0_hS29IXuzfGSjG02GW4', 'prn_FPUKkut-rUix_ZprgUqm', '{"name":"ann","roles":["administrator"]}');
INSERT INTO public.events VALUES (72, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285544301, 'enrolment.created', 'enr_SgBSzgsnqSSer6opQdCY', 'prn_wPHsKusFPXpdh-jIArlh', '{"name":"visitors"}');
INSERT INTO public.events VALUES (73, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285544326, 'enrolment.created', 'enr_Es7_GagQ2Y0ljjb0nQGO', 'prn_wPHsKusFPXpdh-jIArlh', '{"name":"twice"}');
INSERT INTO public.events VALUES (74, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285544973, 'device.lent', 'dev_MpRrg34Sac1T1VF_o-Eu', NULL, '{"reason":"lent to token-68265636, who retires it, since 2026-11-21T18:25:44.967Z"}');
INSERT INTO public.events VALUES (75, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285544987, 'group.degraded', 'grp_jkdVc_aEdl2eHaoRxIxM', NULL, '{"state":"unavailable","reasons":["ZZEMUQCEZ5N: it is lent: lent to token-68265636, who retires it, since 2026-11-21T18:25:44.967Z"]}');
INSERT INTO public.events VALUES (76, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285544991, 'device.retiring', 'dev_MpRrg34Sac1T1VF_o-Eu', 'prn_wPHsKusFPXpdh-jIArlh', '{"erases":[]}');
INSERT INTO public.events VALUES (77, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285545010, 'device.retired', 'dev_MpRrg34Sac1T1VF_o-Eu', 'prn_wPHsKusFPXpdh-jIArlh', '{"path":"ZZEMULATOR.ZZEMULCA.ZZEMUQCEZ5N","name":"ZZEMUQCEZ5N"}');
INSERT INTO public.events VALUES (78, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285545024, 'group.healed', 'grp_jkdVc_aEdl2eHaoRxIxM', NULL, '{"state":"empty","reasons":[]}');
INSERT INTO public.events VALUES (79, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285545044, 'device.offline', 'dev_ycIkRy8N5b6iTO3lkMjc', NULL, '{"reason":"the card side gave up: cancelled"}');
INSERT INTO public.events VALUES (80, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285545050, 'group.degraded', 'grp_0QgWDsMy9jeOfcqXHB8A', NULL, '{"state":"degraded","reasons":["ZZEMUJ5LTZS: it is offline: the card side gave up: cancelled"]}');
INSERT INTO public.events VALUES (81, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285545077, 'device.offline', 'dev_4MmuuFLohAyc9hvsxptg', NULL, '{"reason":"the card side gave up: cancelled"}');
INSERT INTO public.events VALUES (82, 'tnt_CgnSaIxx61_UHoKgDGIz', 1795285545082, 'group.degraded', 'grp_0QgWDsMy9jeOfcqXHB8A', NULL, '{"state":"unavailable","reasons":["ZZEMUJ5LTZS: it is offline: the card side gave up: cancelled","ZZEMUW33566: it is offline: the card side gave up: cancelled"]}');


--
-- Data for Name: groups; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.groups VALUES ('grp_jkdVc_aEdl2eHaoRxIxM', 'tnt_CgnSaIxx61_UHoKgDGIz', 'ZZEMUQCEZ5N', NULL, 1795285528127, 1);
INSERT INTO public.groups VALUES ('grp_0QgWDsMy9jeOfcqXHB8A', 'tnt_CgnSaIxx61_UHoKgDGIz', 'office', 'E94A2283A8C8CE4F', 1795285534431, 1);


--
-- Data for Name: idempotency; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.idempotency VALUES ('prn_wPHsKusFPXpdh-jIArlh', '46a0d4e2-f78a-44fc-8b6f-e5042ec4d03f', '9e34b23bf9be70ccc9721cfef2441aa46d71bb56791710078353c2f1dd286089', 201, '{"id":"grp_0QgWDsMy9jeOfcqXHB8A","name":"office","createdAt":"2026-11-21T18:25:34.431Z","revision":1,"members":[]}', 1795285534434);
INSERT INTO public.idempotency VALUES ('prn_wPHsKusFPXpdh-jIArlh', '37a63f53-5625-4c4c-ae04-8cc05c77278d', 'db40e286fc9c96ffb301f6e4de89636f77429252af495b0b63b606bed9da941a', 201, '{"id":"key_-xasVmhRhqfAWIL70ymd","name":"web-ec","group":"office","kind":"EC","curve":"secp256r1","algorithms":[],"exportable":true,"tags":["web"],"durability":2,"primary":1,"state":"active","versions":[{"version":1,"state":"active","stateSince":"2026-11-21T18:25:36.567Z","label":"web-ec","cardKeyId":"395210040204AE453599B8E208D0BD77F412F5DC","publicKey":"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEGiE2R89IUiTRY1FFmshUnrINhkUs\ndaT0UFK3xMHRuGP0tU8rt9dX6rJHO0O2ERkVqB7JZkZhWcxRksDlEO+vkA==\n-----END PUBLIC KEY-----\n","keyDomain":"E94A2283A8C8CE4F","certificate":false,"devices":["ZZEMUJ5LTZS","ZZEMUW33566"],"uses":0,"createdAt":"2026-11-21T18:25:36.439Z"}],"createdAt":"2026-11-21T18:25:36.438Z","revision":2}', 1795285536584);
INSERT INTO public.idempotency VALUES ('prn_wPHsKusFPXpdh-jIArlh', '258d7dbf-0f24-4e35-a4d9-3146c96c3ca2', '62fbc70fae46b1cccf2a4e3eeb6f9b31b9e6aa8bf1ae22bdcdce0d1327cb1fba', 201, '{"id":"key_OzgMy8bG1w0v7CcxjxGv","name":"web-rsa","group":"office","kind":"RSA","bits":2048,"algorithms":[],"exportable":true,"tags":["web"],"durability":2,"primary":1,"state":"active","versions":[{"version":1,"state":"active","stateSince":"2026-11-21T18:25:37.475Z","label":"web-rsa","cardKeyId":"9190B0E8E000F9458D20F23F30FE7E6639F39BEC","publicKey":"-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAv1oXlbsF0EFSeaEJ1GAG\n54sIZoRftj7ob6kC8QYi7SYlRTF5gZcu++ilTrR9QK20heEVpfUvt9hiNu2qiTgP\nLkQr58cGl3oI6osAkgZveyUUdgDw2Ur+Ss09alXCgn+BRzm7mPx/e7eb2ipCsptj\ndOv1lF6hGcSOiwP1ZuydYFnWmn8nZKoCHDu0zxYCHXICyRhXryZnwiLsZJaw/x0U\ndpCr87p5i03Aivx0dFXGSwIX8OfnLFl44K9M2FF4SgSEAPDu+9FV1C330evDNC68\n+uVVAPXp+90lvs5E1M+CnKk/8BEYPlM9SfhhRs6tao27kGhkEDTHxRohtMlnrHhD\nPwIDAQAB\n-----END PUBLIC KEY-----\n","keyDomain":"E94A2283A8C8CE4F","certificate":false,"devices":["ZZEMUJ5LTZS","ZZEMUW33566"],"uses":0,"createdAt":"2026-11-21T18:25:37.263Z"}],"createdAt":"2026-11-21T18:25:37.262Z","revision":2}', 1795285537485);
INSERT INTO public.idempotency VALUES ('prn_wPHsKusFPXpdh-jIArlh', 'afdf7a89-d4b3-40e9-b224-23187a0190c2', '2a15652bb2f065a0068ac61862e2fab9feb70d5b42169edbfaf0b1414f403f21', 201, '{"id":"key_YZQKYaVvtdg-Bi995G6P","name":"store-aes","group":"office","kind":"AES","bits":256,"algorithms":[],"exportable":true,"tags":[],"durability":2,"primary":1,"state":"active","versions":[{"version":1,"state":"active","stateSince":"2026-11-21T18:25:38.257Z","label":"store-aes","cardKeyId":"AC226700CB07CDB0B17E3FD7780219EE4E6EE4C5","keyDomain":"E94A2283A8C8CE4F","certificate":false,"devices":["ZZEMUJ5LTZS","ZZEMUW33566"],"uses":0,"createdAt":"2026-11-21T18:25:38.172Z"}],"createdAt":"2026-11-21T18:25:38.172Z","revision":2}', 1795285538269);
INSERT INTO public.idempotency VALUES ('prn_wPHsKusFPXpdh-jIArlh', '13690a83-be2e-41d5-a1fb-8c79d33f38cc', 'ef5b785eb1a07504b23eea54ed48081113b22c3a8a9eb23377a82dcdbae65524', 201, '{"id":"key_3kwjuEUpx8UUrQH1qa9V","name":"gone","group":"office","kind":"EC","curve":"secp256r1","algorithms":[],"exportable":true,"tags":[],"durability":2,"primary":1,"state":"active","versions":[{"version":1,"state":"active","stateSince":"2026-11-21T18:25:38.971Z","label":"gone","cardKeyId":"77DF379C86FB69E6373CAA0E169E068A56B3BD1D","publicKey":"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEmddd27aVNhP2kwwHJZiFbabzsa36\nGAT6EwRfayRKHLiYEe4qP3brrcvgujnmlXOd1a6GITzkEDvdkr7rAQl/EA==\n-----END PUBLIC KEY-----\n","keyDomain":"E94A2283A8C8CE4F","certificate":false,"devices":["ZZEMUJ5LTZS","ZZEMUW33566"],"uses":0,"createdAt":"2026-11-21T18:25:38.884Z"}],"createdAt":"2026-11-21T18:25:38.884Z","revision":2}', 1795285538980);
INSERT INTO public.idempotency VALUES ('prn_wPHsKusFPXpdh-jIArlh', '550132c5-733a-42a4-b2c4-b4e7fa9b2b48', '687a1b6cdfec91a67ba9603d96caa5c46dda8e5ea9d8c99ef9e44b09621a29a4', 201, '{"id":"key_-xasVmhRhqfAWIL70ymd","name":"web-ec","group":"office","kind":"EC","curve":"secp256r1","algorithms":[],"exportable":true,"tags":["web"],"durability":2,"primary":2,"state":"active","versions":[{"version":1,"state":"deactivated","stateSince":"2026-11-21T18:25:39.696Z","reason":"version 2 is in its place","label":"web-ec","cardKeyId":"395210040204AE453599B8E208D0BD77F412F5DC","publicKey":"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEGiE2R89IUiTRY1FFmshUnrINhkUs\ndaT0UFK3xMHRuGP0tU8rt9dX6rJHO0O2ERkVqB7JZkZhWcxRksDlEO+vkA==\n-----END PUBLIC KEY-----\n","keyDomain":"E94A2283A8C8CE4F","certificate":false,"devices":["ZZEMUJ5LTZS","ZZEMUW33566"],"uses":0,"createdAt":"2026-11-21T18:25:36.439Z"},{"version":2,"state":"active","stateSince":"2026-11-21T18:25:39.696Z","label":"web-ec v2","cardKeyId":"455E87942B4BCFD17485FBB8E4568E5ED336C0DA","publicKey":"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE/sMbKD7TpNHipIj4ZYFEoGf+uysn\nqkPdYLtkDvgxLf39kxwDy8uoc4qk9fyLTQr0WkjxOlxkP/t4Vti0QFtAzg==\n-----END PUBLIC KEY-----\n","keyDomain":"E94A2283A8C8CE4F","certificate":false,"devices":["ZZEMUJ5LTZS","ZZEMUW33566"],"uses":0,"createdAt":"2026-11-21T18:25:39.613Z"}],"createdAt":"2026-11-21T18:25:36.438Z","revision":3}', 1795285539706);
INSERT INTO public.idempotency VALUES ('prn_wPHsKusFPXpdh-jIArlh', 'ef2bb252-6a62-4ce4-b315-0fcc163ab480', 'b2676ba204e3eae6546e3ba3d002c0d69d77217be9397aff14503deb2b202ed2', 200, '{"id":"key_3kwjuEUpx8UUrQH1qa9V","name":"gone","group":"office","kind":"EC","curve":"secp256r1","algorithms":[],"exportable":true,"tags":[],"durability":2,"primary":1,"state":"destroyed","versions":[{"version":1,"state":"destroyed","stateSince":"2026-11-21T18:25:40.312Z","label":"gone","cardKeyId":"77DF379C86FB69E6373CAA0E169E068A56B3BD1D","publicKey":"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEmddd27aVNhP2kwwHJZiFbabzsa36\nGAT6EwRfayRKHLiYEe4qP3brrcvgujnmlXOd1a6GITzkEDvdkr7rAQl/EA==\n-----END PUBLIC KEY-----\n","keyDomain":"E94A2283A8C8CE4F","certificate":false,"devices":["ZZEMUJ5LTZS","ZZEMUW33566"],"restorableUntil":"2026-11-28T18:25:40.312Z","uses":0,"createdAt":"2026-11-21T18:25:38.884Z"}],"createdAt":"2026-11-21T18:25:38.884Z","revision":3}', 1795285540326);
INSERT INTO public.idempotency VALUES ('prn_wPHsKusFPXpdh-jIArlh', 'dd356121-c767-4573-8588-bf2f3524d503', 'f81245673ab7b4fff4db973428df616875b120cf708c5afad1cbd003206f1b9b', 201, '{"id":"prn_iYVBAKhp957ledoAyBwb","name":"web","roles":["operator"],"tags":["web"],"createdAt":"2026-11-21T18:25:41.549Z","revision":1}', 1795285541553);
INSERT INTO public.idempotency VALUES ('prn_wPHsKusFPXpdh-jIArlh', '1d980e84-2236-4e8d-b73a-9f3ee545aef2', 'AbPTBBEekTarJCJk59crbicVKVH5lLClOdx29+MwIqRdJ2Ml07cL5hPr/MrXeq7L/zavgAp4zW7Ih5na2uau8QEz9nFsA8PTZDHQz9BQY22qgQ8H3kkSobplivHqVtrT0Q==', 201, 'AbPTBBF+0N4SI3Ox5hKDwKoDvoTznbuGoRXqNIi+4z60aHm0MC+I/9sux4joSfkGjQpeWvjVMlgyd+48kJSY3c192homQxp4pz1SHh9FFoGaTqaxVwybcwkYW1M3ht8Wk3DHtqsmK8wzNrxLLGqLMYa9cSTVu5uMfw0st9rq2jgFiy6K5KZBLuvhCjsT08GmYbiz+K+ApPllfk20uxLqFibBJgYp5kXfxnpX2zD/Q2JB', 1795285541566);
INSERT INTO public.idempotency VALUES ('prn_wPHsKusFPXpdh-jIArlh', 'fb3a2115-b2d6-4329-9529-3a0f04a9f11d', 'AbPTBBGZ/7580RIOGB5+lwPSpNQaK8aL47WoFiZXZac9sDgEJQVaCmQ+r2ZGR3XeJeLj2sK3lP+XK63kUn3cavoFKEvRGitQfPnezIqlQlOGON20dB7XtMR6kYK2YbDcfQ==', 201, 'AbPTBBETcMe59EtHGcVOPLYGzJcQ2fwnB7xKLjR8/oprRu54xiU6E1OEf4IzfKDkRu6VhhIYr8efXN8LlvVfhwxhbBZJV5/q/UVZ1XEVPXMO7dA4k3KKd/Tn5pDtqeHelnsudpYnnX6dV3sbblrHWy+QYT1AfKBymGjElorFaWw1WdFH5xBcqT04f9GbKOq0SuCJAaladstrRBTQmfJKq8AHAZZdiNVjJ59zooPGRlEiJSxhURCzsTyfvbwCT7BayNQ+sXkdc4E/UlfZ0b2dIrJTqAZTm8EjLA==', 1795285542189);
INSERT INTO public.idempotency VALUES ('prn_wPHsKusFPXpdh-jIArlh', '9af52b92-554f-42a5-a598-0af167219e15', '43ab35fc63e9f23da8c3726041f1ca3ac606cb522a7982e64ceb8d5d4fd2dfc5', 201, '{"id":"prn_qaShlykuxKWxSvCVv_Sl","name":"reader","roles":["auditor"],"tags":[],"createdAt":"2026-11-21T18:25:42.851Z","revision":1}', 1795285542853);
INSERT INTO public.idempotency VALUES ('prn_wPHsKusFPXpdh-jIArlh', '63391b9b-8024-4a0a-99c1-e21fb9c20671', 'AbPTBBHI2qEeLHkVvdihzcyNv2dk7h2KTYkmjzz65SZogIH5XmGsF+ph5vmz4T6nW+3Qq01h65O6wTYNEIUftI7GRs3SC1+NYYL5YyC1GT7jPZwZQT8SnhfbYFZy7YmQUg==', 201, 'AbPTBBEjSoB330Gv6OceOaMgmQXYjr+HVRw6iu9PhM797E/CNqUR6WIdUb23yF/GMQLwyQyS2aJkSYpknMlMsZXQQDX1Z/I7pZakLuj81xEuVD5pPp17msXEQbHZUdslYzwKGzBm5JoBDVtLzeNJvB9LpGlaqbK27fSuWO5LcizrVYEbAFgJwoXxX8cIHdzj/mfAXs35HttP+3l5m5pMckCO52zyy6zX/5R3soASKrs7', 1795285542864);
INSERT INTO public.idempotency VALUES ('prn_wPHsKusFPXpdh-jIArlh', 'ee59d309-db54-441d-8644-daa965d54834', 'AbPTBBGrvpW20PiLnqsrWICsfl9k2FpxpO1+/+DijYH2KiEstbPx3aJzkkS/TUIPwV7EJssicvcTaanaYIEMpGz6/Dh1MoFHw4zxMPpxX8VxZQ0mrsgQMZYLPLMu1tDCgw==', 201, 'AbPTBBHI4Iltgpiwcp2yel1er9b+ZhQkH1YsA7rHt2kXAG/ysvTRiJwh3kBJbGuio7i+bLvCY9ZOdG3t8vNXa7uhLeuney9KIIXtVgaq9zq7gGhgjp8Jt1578cbfTlnBCgBTwFoW14WJIpNxVpNUq/ZfaRNXhhizaPmbpiIMMkQ6md1tpDjrj1DGQuC2YsA1w+48gbkloA/o+heTqUJ5Xgi2dzNFBhhk4o1y', 1795285544304);
INSERT INTO public.idempotency VALUES ('prn_wPHsKusFPXpdh-jIArlh', 'once', 'AbPTBBGsKT2la6MAlGwOK1BR/VGqN0F9Kl8vqzuLwFFtkXL62IPgIsQo5DaOvqAjxUUeE+UOILIFYyE/t6iVsDXljAY2kWkTiWm8Ki8QR6YH89W2ArSSrksyZoC3GLKz+g==', 201, 'AbPTBBHVe5CSBSwUd98fJMdUe0KJoqpOvWm8X/MA91fzukeLXoOvtbRCFJIENyILjTUdhylSbfLUxQ3/PXEXuA6OuJq+dd5Nqn4ufA4UTjAh45cS1Tku7kIwpXFf/MpVcdVEMjClR9EoZM195zT1K/kqFqCVxo/5Tks26ecuYteF/EgFQr26shixLc7nS12ohZ3EDfpEcICbn2TRVL3eCY3JvN0gojKv', 1795285544328);


--
-- Data for Name: instances; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.instances VALUES ('kv_4qXLRThHhlXSNIoKxRg3', 'dev_ycIkRy8N5b6iTO3lkMjc', 1, 'verified', NULL, 1795285536520);
INSERT INTO public.instances VALUES ('kv_4qXLRThHhlXSNIoKxRg3', 'dev_4MmuuFLohAyc9hvsxptg', 1, 'verified', NULL, 1795285536560);
INSERT INTO public.instances VALUES ('kv_ZTIj5P6vPold3FmdDjnZ', 'dev_ycIkRy8N5b6iTO3lkMjc', 2, 'verified', NULL, 1795285537436);
INSERT INTO public.instances VALUES ('kv_ZTIj5P6vPold3FmdDjnZ', 'dev_4MmuuFLohAyc9hvsxptg', 2, 'verified', NULL, 1795285537471);
INSERT INTO public.instances VALUES ('kv_MPv-7IVrDOxB7Y2xvkKa', 'dev_4MmuuFLohAyc9hvsxptg', 3, 'verified', NULL, 1795285538273);
INSERT INTO public.instances VALUES ('kv_MPv-7IVrDOxB7Y2xvkKa', 'dev_ycIkRy8N5b6iTO3lkMjc', 3, 'verified', NULL, 1795285538274);
INSERT INTO public.instances VALUES ('kv__uygSLvm2x4xUn4pk8oy', 'dev_4MmuuFLohAyc9hvsxptg', 4, 'verified', NULL, 1795285538935);
INSERT INTO public.instances VALUES ('kv__uygSLvm2x4xUn4pk8oy', 'dev_ycIkRy8N5b6iTO3lkMjc', 4, 'verified', NULL, 1795285538967);
INSERT INTO public.instances VALUES ('kv_4ivzcC-Dd3l3Ru4k-P22', 'dev_4MmuuFLohAyc9hvsxptg', 5, 'verified', NULL, 1795285539666);
INSERT INTO public.instances VALUES ('kv_4ivzcC-Dd3l3Ru4k-P22', 'dev_ycIkRy8N5b6iTO3lkMjc', 5, 'verified', NULL, 1795285539692);


--
-- Data for Name: key_versions; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.key_versions VALUES ('kv_4qXLRThHhlXSNIoKxRg3', 'key_-xasVmhRhqfAWIL70ymd', 1, 'deactivated', 1795285539696, 'version 2 is in its place', 'active', 0, '395210040204AE453599B8E208D0BD77F412F5DC', 'web-ec', '\x3059301306072a8648ce3d020106082a8648ce3d030107034200041a213647cf485224d16351459ac8549eb20d86452c75a4f45052b7c4c1d1b863f4b54f2bb7d757eab2473b43b6111915a81ec966466159cc5192c0e510efaf90', 'EC 041a213647cf485224d16351459ac8549eb20d86452c75a4f45052b7c4c1d1b863f4b54f2bb7d757eab2473b43b6111915a81ec966466159cc5192c0e510efaf90', '\x3082039c0482016be94a2283a8c8ce4f0c000a04007f000702020202030000000000004b817abc73d0bac305f4db17e6d65fcaaee2b2a9f738207f992cfafe06bf4868ffe744bfb15b622db568d6ff349b6dbab6dff0c0dd2972a3548da0f10cae078b89903161b2cb8a836110b0681206526b80fde4216508e11f5f2d894b76ebb71b030b2d82ced819fde71bea123f28969294fc981d84aeed4bc9646f583509ebbe1fd606ff3f7e10603c1766ecbccfb18351aa8424ae85bd72d97cf489fa31cb8c0f58f22b4f93e78f95c837981ef0470d55b9cd2d04fe62c98c3936874b75cccbb50b7293d403c710ea14f8f3f072747c27b30fb7b8d0b64d3933960dce09cef3649eca77d46830ea74868e4b0fbd363304e630303e831102f2d7805cb97f82be07c0b5fca376cfa31dbceba1c2ec81cc0b0646dca4ff09800676c998f6813847e0c0b39a5e07bbd62a1678ad71030564340360e6bd3f9a1a0e00bda8f481057f67f54608ad22fb9fbca560a1cffc3470a041300f0c067765622d6563030206c004010130220414395210040204ae453599b8e208d0bd77f412f5dc0303072080030203b8020101a10a30083002040002020100678201e67f2182018c7f4e8201445f29010042095554434130303030317f4982011d060a04007f000702020202038120ffffffff00000001000000000000000000000000ffffffffffffffffffffffff8220ffffffff00000001000000000000000000000000fffffffffffffffffffffffc83205ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b8441046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f58520ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc6325518641041a213647cf485224d16351459ac8549eb20d86452c75a4f45052b7c4c1d1b863f4b54f2bb7d757eab2473b43b6111915a81ec966466159cc5192c0e510efaf908701015f20105a5a454d554a354c545a5330303030315f37402d1babfcab90760f161d42df1125df900f5d4c77b10c6337e67aafde218fe760cd817cd98f61834a022ff0bb1c38af2d40b2e8c4df7a01a0145dd62b66b78ce542105a5a454d554a354c545a5330303030305f3740108be10cfedf15b1eada5f95e61d04d42676ad463da71a213ac46c57050496f77d03b63a45ef9374b44ea2e8eeefdf2e093380212ac209ad1a608e9762113072', 'E94A2283A8C8CE4F', '\x7b0a202022666f726d6174223a20226b6579746574686572206174746573746174696f6e222c0a20202276657273696f6e223a20312c0a202022646576696365436572746966696361746573223a205b0a2020202022667947423548394f675a31664b51454151673161576b564e56557844515441774d44417866306c5042676f45414838414277494341674944686b454570423079574d504b5576305330594a78497031375171376a5371425074526461745266544547314b435a75614d327a755466545670594174447972414358366f386c46744c4f495167617431626f4b4a656d652f646c38674546706152553156536a564d564670544d4441774d44422f54424147437973474151514267634d664177454255774541587955474167594241514942587951474177514241514142587a64416e3442614f333831656b57545370355a6754654b3330766f5965765534467a373747324670436a5275636c353945664339594152494b74484b72325a7a677a5378716473736d455a32373973545047463175354b7a673d3d222c0a2020202022667947423433394f675a78664b51454151673961576b564e56557842564539534d4441774d44462f5355384743675141667741484167494341674f4751515150667a4f344b6c71764a6d55627531797733566a4a78486264464c4e78696d6f53704e6a7253544e584c3456776a62415738683139542b2b43465270427873547044647746644e42516e336c6b634c734c636c48705879414e576c70465456564d513045774d4441774d58394d4541594c4b775942424147427778384441514654415942664a51594342674142414146664a41594842514543417746664e30436e446443727763335144316b744c692b6d50794f3038342b343538664d4f2f526b456a47446f7656776e337a4b7a4851467a7433304972734b4137414f534e682b51367034377649586568536237586e7544375461220a20205d2c0a2020226b657973223a205b0a202020207b0a202020202020227369676e65644279446576696365223a207b0a202020202020202022646576696365223a20225a5a454d554a354c545a533030303030222c0a2020202020202020227075626c69634b6579223a20222d2d2d2d2d424547494e205055424c4943204b45592d2d2d2d2d5c6e4d466b77457759484b6f5a497a6a3043415159494b6f5a497a6a30444151634451674145476945325238394955695452593146466d7368556e72494e686b55735c6e6461543055464b33784d485275475030745538727439645836724a484f304f3245526b567142374a5a6b5a68576378526b73446c454f2b766b413d3d5c6e2d2d2d2d2d454e44205055424c4943204b45592d2d2d2d2d5c6e222c0a20202020202020202272657175657374223a20225a344942356e38686767474d66303643415552664b51454151676c5656454e424d4441774d44462f535949424851594b4241422f4141634341674943413445672f2f2f2f2f774141414145414141414141414141414141414141442f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2b4349502f2f2f2f384141414142414141414141414141414141414141412f2f2f2f2f2f2f2f2f2f2f2f2f2f2f3867794261786a5859716a715435375072765656326d4961385a523047734d7854735059377a6a772b4a394a67533452424247735830664c684c454a482b4c7a6d35574f6b51504a33413332424c65737a6f5053684f5558596d4d4b57542b4e43347634616635754f352b744b66412b654669764f4d3164724d56374f79375a416144652f5566574649502f2f2f2f3841414141412f2f2f2f2f2f2f2f2f2f2b38357671747078656568504f3579734c3859795652686b4545476945325238394955695452593146466d7368556e72494e686b55736461543055464b33784d485275475030745538727439645836724a484f304f3245526b567142374a5a6b5a68576378526b73446c454f2b766b496342415638674546706152553156536a564d564670544d4441774d4446664e304174473676387135423244785964517438524a642b514431314d6437454d597a666d65712f6549592f6e594d3242664e6d5059594e4b41692f77757877347279314173756a4533336f426f4252643169746d74347a6c51684261576b564e56556f3154465261557a41774d444177587a6441454976684450376646624871326c2b563568304531435a327255593970786f684f735273567755456c7664394137593652652b54644c524f6f756a753739387543544f414953724343613061594936585968457763673d3d220a2020202020207d2c0a20202020202022746f6c64427943617264223a207b0a2020202020202020227265666572656e6365223a20312c0a2020202020202020226c6162656c223a20227765622d6563222c0a2020202020202020226964223a202233393532313030343032303441453435333539394238453230384430424437374634313246354443222c0a202020202020202022616c676f726974686d73223a205b5d2c0a2020202020202020226b6579446f6d61696e223a207b0a2020202020202020202022696e646578223a20302c0a20202020202020202020226b696e64223a2022444b454b222c0a20202020202020202020226b6579436865636b56616c7565223a202245393441323238334138433843453446220a20202020202020207d0a2020202020207d0a202020207d0a20205d0a7d0a', NULL, NULL, NULL, 0, NULL, 1795285536439);
INSERT INTO public.key_versions VALUES ('kv_MPv-7IVrDOxB7Y2xvkKa', 'key_YZQKYaVvtdg-Bi995G6P', 1, 'active', 1795285538257, NULL, 'active', 0, 'AC226700CB07CDB0B17E3FD7780219EE4E6EE4C5', 'store-aes', NULL, 'AES 256 E94A2283A8C8CE4F', '\x3081a50459e94a2283a8c8ce4f0f000860864801650304010000000000001f1f19250c93ab50041bcdb92384120f1dabb5478cd619c99667cb2891443c84ab96bd56d906bea1df1052b7d1c8117b0193d16a2779b5f9166523890dd48bbfa84830120c0973746f72652d616573030206c004010130220414ac226700cb07cdb0b17e3fd7780219ee4e6ee4c5030307e280030203b8020103a006300402020100a106300430020400', 'E94A2283A8C8CE4F', NULL, NULL, '{"algorithm":24,"input":"bb1774ade3e705e2708c219f8e13ec737995bcaeed0f212a3054b03c9c119744","output":"e12378112044c0ed0b3cbeaeb03bd9ca"}', NULL, 2, 1795285540951, 1795285538172);
INSERT INTO public.key_versions VALUES ('kv_ZTIj5P6vPold3FmdDjnZ', 'key_OzgMy8bG1w0v7CcxjxGv', 1, 'active', 1795285537475, NULL, 'active', 0, '9190B0E8E000F9458D20F23F30FE7E6639F39BEC', 'web-rsa', '\x30820122300d06092a864886f70d01010105000382010f003082010a0282010100bf5a1795bb05d0415279a109d46006e78b0866845fb63ee86fa902f10622ed262545317981972efbe8a54eb47d40adb485e115a5f52fb7d86236edaa89380f2e442be7c706977a08ea8b0092066f7b25147600f0d94afe4acd3d6a55c2827f814739bb98fc7f7bb79bda2a42b29b6374ebf5945ea119c48e8b03f566ec9d6059d69a7f2764aa021c3bb4cf16021d7202c91857af2667c222ec6496b0ff1d147690abf3ba798b4dc08afc747455c64b0217f0e7e72c5978e0af4cd851784a048400f0eefbd155d42df7d1ebc3342ebcfae55500f5e9fbdd25bece44d4cf829ca93ff011183e533d49f86146cead6a8dbb9068641034c7c51a21b4c967ac78433f0203010001', 'RSA bf5a1795bb05d0415279a109d46006e78b0866845fb63ee86fa902f10622ed262545317981972efbe8a54eb47d40adb485e115a5f52fb7d86236edaa89380f2e442be7c706977a08ea8b0092066f7b25147600f0d94afe4acd3d6a55c2827f814739bb98fc7f7bb79bda2a42b29b6374ebf5945ea119c48e8b03f566ec9d6059d69a7f2764aa021c3bb4cf16021d7202c91857af2667c222ec6496b0ff1d147690abf3ba798b4dc08afc747455c64b0217f0e7e72c5978e0af4cd851784a048400f0eefbd155d42df7d1ebc3342ebcfae55500f5e9fbdd25bece44d4cf829ca93ff011183e533d49f86146cead6a8dbb9068641034c7c51a21b4c967ac78433f', '\x308206b6048203cbe94a2283a8c8ce4f06000a04007f000702020201020000000000006380c4ada387503b949379a1dca7e3dbb5029672fca96ccae14ba8328a5fc5e0b0e032a48f8b4f36fd02ba6b12e33870b10cb5aa613869c41e9489e1934a1e876984f68f9656ee634e17f07e78cab6db636223bffb6e1dad4675872c3d9b2a019e3ddd429058ff650ff17b543fffc0a340aa6df1134f09c1334bd876a1e19b305b17973fa6279df29a628f7486dc9579894b934662356d82cdc32f43e18433476fa263df79e45b689f350f3da177030ab3bf2d45624d55d053975dce4e7d9707ade285c682c41eec1a6b5b6ebe35c79e77d4ec10e4164ac1ca7ddd5f9ff9a7a418a7029b8c1fd2034272b87a94e911359e6d947098c833b2cb185797553f0dfbfebd2b6aac3dd281dc5e94908fcc88696efb3e6c650c28ec92b27975f1fc6805c96bf1fb315b9e4f78a23600427c6cd6e7c4724ffac85b81ae7d94edff2e36f9bfbe6e1ef076d296e71f2663ba2ea6d46d149dc102f8a6b54d68fe0be481f96172e2ed1db44c7b481ab61dfc5c3e655fb13d014e932bed43d62843953adc7e0c31f2b956f040a7736aea8e164f5c560bc738cfe53561338afff2e043ea76c2a462b120029b7d3267e9a9a998a879d6ce62b9e71f7701d8c450956700acbbbe4b11ff9bf9bcf91f7a691c54d395b78013ea5cb2355f7d19016390b1d9096675b2a332368097a6bc65cf8d65c71ecc834230e30e1010dfddae5bdbc5ebb38e4983bd022f9e4e77ae9c6ad3ec03b6aa800a0b867e0b4442b36ea4fd3e706180b5e8d0c956d9d54cc2b61593f58e8ce20bbef655e79834c01c71d10725a5978c142023866366d2ba0b82ff5b8fab584b4752206a9e7a4e44ba51447e756eb12b56a04fcb26e552ff24a32785dc6528cd21576b34baa7f88778280af2ccf97805522bfed138284b11071e975006fc512d1f184145321c104ae0be608a84ef05365886639bd6f88fbb56e6ebe86850a2f394e4eda0da0223784e245550ca294c26a8e0b7346794c83856b3c5717dc674125849ff8c84101027efcee6f000a29729fd572f651a7b91fbbea67e19c2087a51d09861afee1bf0555042804b187eb2b93ff9f2fb353d5ee459949ac8604082509181b722bbfca878d627a31ac671bd6a8a3b0ce53c1105b9a5ba27e593a71cba795e549bb4a1b6a79db6d69a002df15a41fdb07ea9e1c3977762b2d52b6ae2efc15ae99af83b8c1add1836a1ecb7ba83a9bd75ce9da411690250b872f96367af5eb7bd2b7ac59e1ab88ee7a1f48ad510994a9d843411faaa0e8ae725d5448e7521b98aef51b56720ff72c9445e36ed0c007d2ad98408c52bd5a092d9fc33ae29cab9304130100c077765622d727361030206c0040101302104149190b0e8e000f9458d20f23f30fe7e6639f39bec03020470030203b8020102a10a30083002040002020800678202a07f218202467f4e82013c5f29010042095554434130303030317f49820115060a04007f0007020202010281820100bf5a1795bb05d0415279a109d46006e78b0866845fb63ee86fa902f10622ed262545317981972efbe8a54eb47d40adb485e115a5f52fb7d86236edaa89380f2e442be7c706977a08ea8b0092066f7b25147600f0d94afe4acd3d6a55c2827f814739bb98fc7f7bb79bda2a42b29b6374ebf5945ea119c48e8b03f566ec9d6059d69a7f2764aa021c3bb4cf16021d7202c91857af2667c222ec6496b0ff1d147690abf3ba798b4dc08afc747455c64b0217f0e7e72c5978e0af4cd851784a048400f0eefbd155d42df7d1ebc3342ebcfae55500f5e9fbdd25bece44d4cf829ca93ff011183e533d49f86146cead6a8dbb9068641034c7c51a21b4c967ac78433f82030100015f20105a5a454d554a354c545a5330303030325f3782010020b6b81f437ea652f86479522b38709306df40b7eeda5ced907f56e6866c7105bd94ef1432b5518f622b18b0fa02e683a3d3edc2c0148f7237df7074e946b8ae3bc18f7597c09cbcaff6aea2de34895e1a48b25eb98bd4b69b3bc0bfb35d1b036f2a350413a6b14b43661bfc1bdf2def3153f27e3bc1d1c03d768bf6882b476de4247bf084f4e5283c63b87a1c90797d97ea0155c9bf996f75540d1778fbfca44d5b78e6050dfd2bbdd75fd35ed3532aa3e8d74b0748b0492e94e004e4e10dd0ae98cc1777e44db646491106f7ac17348c85e1522ec1f3c0b13610b162f841b005054f5e0975bbdbd3312b33a3d9004f65723592d7fc82abccf969c21093df9a42105a5a454d554a354c545a5330303030305f37409f34bb6d215a2c16ec12edd7a009d22e49bf7b16b367403bf8417d14ceaabdb8815c0bddb32b4c883691afcdb2f80cc5825719198ab45ed4c4312fb1806f47b3', 'E94A2283A8C8CE4F', '\x7b0a202022666f726d6174223a20226b6579746574686572206174746573746174696f6e222c0a20202276657273696f6e223a20312c0a202022646576696365436572746966696361746573223a205b0a2020202022667947423548394f675a31664b51454151673161576b564e56557844515441774d44417866306c5042676f45414838414277494341674944686b454570423079574d504b5576305330594a78497031375171376a5371425074526461745266544547314b435a75614d327a755466545670594174447972414358366f386c46744c4f495167617431626f4b4a656d652f646c38674546706152553156536a564d564670544d4441774d44422f54424147437973474151514267634d664177454255774541587955474167594241514942587951474177514241514142587a64416e3442614f333831656b57545370355a6754654b3330766f5965765534467a373747324670436a5275636c353945664339594152494b74484b72325a7a677a5378716473736d455a32373973545047463175354b7a673d3d222c0a2020202022667947423433394f675a78664b51454151673961576b564e56557842564539534d4441774d44462f5355384743675141667741484167494341674f4751515150667a4f344b6c71764a6d55627531797733566a4a78486264464c4e78696d6f53704e6a7253544e584c3456776a62415738683139542b2b43465270427873547044647746644e42516e336c6b634c734c636c48705879414e576c70465456564d513045774d4441774d58394d4541594c4b775942424147427778384441514654415942664a51594342674142414146664a41594842514543417746664e30436e446443727763335144316b744c692b6d50794f3038342b343538664d4f2f526b456a47446f7656776e337a4b7a4851467a7433304972734b4137414f534e682b51367034377649586568536237586e7544375461220a20205d2c0a2020226b657973223a205b0a202020207b0a202020202020227369676e65644279446576696365223a207b0a202020202020202022646576696365223a20225a5a454d554a354c545a533030303030222c0a2020202020202020227075626c69634b6579223a20222d2d2d2d2d424547494e205055424c4943204b45592d2d2d2d2d5c6e4d494942496a414e42676b71686b6947397730424151454641414f43415138414d49494243674b434151454176316f586c627346304546536561454a314741475c6e353473495a6f5266746a376f62366b43385159693753596c52544635675a63752b2b696c54725239514b32306865455670665576743968694e753271695467505c6e4c6b5172353863476c336f49366f73416b675a7665795555646744773255722b53733039616c5843676e2b42527a6d376d50782f65376562326970437370746a5c6e644f76316c4636684763534f697750315a75796459466e576d6e386e5a4b6f43484475307a785943485849437952685872795a6e77694c735a4a61772f7830555c6e647043723837703569303341697678306446584753774958384f666e4c466c34344b394d3246463453675345415044752b39465631433333306576444e4336385c6e2b755656415058702b39306c76733545314d2b436e4b6b2f38424559506c4d395366686852733674616f32376b47686b4544544878526f68744d6c6e724868445c6e50774944415141425c6e2d2d2d2d2d454e44205055424c4943204b45592d2d2d2d2d5c6e222c0a20202020202020202272657175657374223a20225a3449436f48386867674a4766303643415478664b51454151676c5656454e424d4441774d44462f535949424651594b4241422f4141634341674942416f47434151432f576865567577585151564a356f516e555941626e6977686d68462b325075687671514c7842694c744a6956464d586d426c793737364b564f74483141726253463452576c39532b33324749323761714a4f4138755243766e7877615865676a7169774353426d39374a5252324150445a5376354b7a54317156634b43663446484f6275592f483937743576614b6b4b796d324e30362f57555871455a7849364c412f566d374a3167576461616679646b716749634f3754504667496463674c4a474665764a6d66434975786b6c72442f485252326b4b767a756e6d4c5463434b2f48523056635a4c41686677352b637357586a6772307a595558684b42495141384f3737305658554c66665236384d304c727a363556554139656e373353572b7a6b54557a344b6371542f774552672b557a314a2b4746477a7131716a627551614751514e4d6646476947307957657365454d2f67674d424141466649424261576b564e56556f3154465261557a41774d444179587a654341514167747267665133366d5576686b655649724f48435442743941742b3761584f32516631626d686d78784262325537785179745647505969735973506f43356f4f6a302b334377425350636a666663485470527269754f384750645a66416e4c797639713669336a534a58687049736c3635693953326d7a764176374e6447774e764b6a55454536617853304e6d472f7762337933764d565079666a764230634139646f7632694374486265516b652f4345394f556f50474f3465687951655832583667465679622b5a62335655445264342b2f796b545674343567554e2f53753931312f5458744e544b71506f31307348534c424a4c705467424f5468446443756d4d7758642b524e746b5a4a45516233724263306a49586855693742383843784e68437859766842734155465431344a64627662307a45724d36505a4145396c636a5753312f794371387a35616349516b392b6151684261576b564e56556f3154465261557a41774d444177587a64416e7a5337625346614c426273457533586f416e534c6b6d2f6578617a5a3041372b454639464d367176626942584176647379744d69446152723832792b417a46676c635a47597130587454454d532b786747394873773d3d220a2020202020207d2c0a20202020202022746f6c64427943617264223a207b0a2020202020202020227265666572656e6365223a20322c0a2020202020202020226c6162656c223a20227765622d727361222c0a2020202020202020226964223a202239313930423045384530303046393435384432304632334633304645374536363339463339424543222c0a202020202020202022616c676f726974686d73223a205b5d2c0a2020202020202020226b6579446f6d61696e223a207b0a2020202020202020202022696e646578223a20302c0a20202020202020202020226b696e64223a2022444b454b222c0a20202020202020202020226b6579436865636b56616c7565223a202245393441323238334138433843453446220a20202020202020207d0a2020202020207d0a202020207d0a20205d0a7d0a', NULL, NULL, NULL, 0, NULL, 1795285537263);
INSERT INTO public.key_versions VALUES ('kv_4ivzcC-Dd3l3Ru4k-P22', 'key_-xasVmhRhqfAWIL70ymd', 2, 'active', 1795285539696, NULL, 'active', 0, '455E87942B4BCFD17485FBB8E4568E5ED336C0DA', 'web-ec v2', '\x3059301306072a8648ce3d020106082a8648ce3d03010703420004fec31b283ed3a4d1e2a488f8658144a067febb2b27aa43dd60bb640ef8312dfdfd931c03cbcba8738aa4f5fc8b4d0af45a48f13a5c643ffb7856d8b4405b40ce', 'EC 04fec31b283ed3a4d1e2a488f8658144a067febb2b27aa43dd60bb640ef8312dfdfd931c03cbcba8738aa4f5fc8b4d0af45a48f13a5c643ffb7856d8b4405b40ce', '\x3082039f0482016be94a2283a8c8ce4f0c000a04007f00070202020203000000000000ba0eeaa97ce66a7afef3d32060e7bb5b53f7a5a9e84be6ccb3d7b26a34a49289d1b72035a5d43e5ff8861272a0bccea298f4ab44a348e7878e32cf340d5bc89cad4d548061c9cdbf4b1f31aacb86afd00b6f797bb370c8da69053f6e364e7e386b47446b2e4399babadf0eff0b0cb329ef4cb012fbe7cd2a2ee6aa51df3a293e91878adb4b2d7ee67b4c6aeb29dbfb79084ce0c12c7626caf5e515021bb7a3b070a80431a723af02c1c96116a30e005fa6191b609d99c6b5cde7b6ecb3381e3e1d8a05e83c7a25b41ca772da65a3d6a08c41dffb126fc1e83e508c8561a083dfa833e5b2588d2dbf800c5deb3e8bf1784e87b846da559943fba0ff0480309886495a37a74d2136c25b2aad9e5c4ddff1112be21e9a04ef836152f673f965fcbd5661a1bb91fe745bd513acb96e41ec0249234ac812070a17b5ffa06fc9ca89d1347606592933b35a0237a44649095262a04430120c097765622d6563207632030206c004010130220414455e87942b4bcfd17485fbb8e4568e5ed336c0da0303072080030203b8020105a10a30083002040002020100678201e67f2182018c7f4e8201445f29010042095554434130303030317f4982011d060a04007f000702020202038120ffffffff00000001000000000000000000000000ffffffffffffffffffffffff8220ffffffff00000001000000000000000000000000fffffffffffffffffffffffc83205ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b8441046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f58520ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551864104fec31b283ed3a4d1e2a488f8658144a067febb2b27aa43dd60bb640ef8312dfdfd931c03cbcba8738aa4f5fc8b4d0af45a48f13a5c643ffb7856d8b4405b40ce8701015f20105a5a454d5557333335363630303030355f3740cdd2dd791acde2458a6203d70091fca3bdef803fb6bfd0c1cfef3148443b6e84c89989f287a9ec6d74a872b23e7422a059fca97b0ec3a8e574ae0e522a7100b042105a5a454d5557333335363630303030305f374092ea2a71b094924aae342913c139e5cbce6097bb1558303c55a2d4cb1a98ffb21bb8ee6f9e9e9b29e216d0ed4a172d3a604a28d875fda466cb027a27acee58c8', 'E94A2283A8C8CE4F', '\x7b0a202022666f726d6174223a20226b6579746574686572206174746573746174696f6e222c0a20202276657273696f6e223a20312c0a202022646576696365436572746966696361746573223a205b0a2020202022667947423548394f675a31664b51454151673161576b564e56557844515441774d44417866306c5042676f45414838414277494341674944686b454551376e656e6631324c4377596a6f73336948666876742f504c73714b324a6844464876496c4f6538384a7752353041376b326f364d6549584735575357726d3039785856695a6e6e336d3465745638562b3864364f4638674546706152553156567a4d7a4e5459324d4441774d44422f54424147437973474151514267634d664177454255774541587955474167594241514942587951474177514241514142587a64414473656c715569734f6748724a596b6e694a67536e797249324771503165694e2f474c31597453702b3646547165494b415144734f49492f4f7447654352586172494351786f506a78686544354379716936656d54413d3d222c0a2020202022667947423433394f675a78664b51454151673961576b564e56557842564539534d4441774d44462f5355384743675141667741484167494341674f4751515150667a4f344b6c71764a6d55627531797733566a4a78486264464c4e78696d6f53704e6a7253544e584c3456776a62415738683139542b2b43465270427873547044647746644e42516e336c6b634c734c636c48705879414e576c70465456564d513045774d4441774d58394d4541594c4b775942424147427778384441514654415942664a51594342674142414146664a41594842514543417746664e30436e446443727763335144316b744c692b6d50794f3038342b343538664d4f2f526b456a47446f7656776e337a4b7a4851467a7433304972734b4137414f534e682b51367034377649586568536237586e7544375461220a20205d2c0a2020226b657973223a205b0a202020207b0a202020202020227369676e65644279446576696365223a207b0a202020202020202022646576696365223a20225a5a454d555733333536363030303030222c0a2020202020202020227075626c69634b6579223a20222d2d2d2d2d424547494e205055424c4943204b45592d2d2d2d2d5c6e4d466b77457759484b6f5a497a6a3043415159494b6f5a497a6a304441516344516741452f734d624b443754704e486970496a345a5946456f47662b7579736e5c6e716b5064594c746b447667784c6633396b7877447938756f6334716b3966794c54517230576b6a784f6c786b502f743456746930514674417a673d3d5c6e2d2d2d2d2d454e44205055424c4943204b45592d2d2d2d2d5c6e222c0a20202020202020202272657175657374223a20225a344942356e38686767474d66303643415552664b51454151676c5656454e424d4441774d44462f535949424851594b4241422f4141634341674943413445672f2f2f2f2f774141414145414141414141414141414141414141442f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2b4349502f2f2f2f384141414142414141414141414141414141414141412f2f2f2f2f2f2f2f2f2f2f2f2f2f2f3867794261786a5859716a715435375072765656326d4961385a523047734d7854735059377a6a772b4a394a67533452424247735830664c684c454a482b4c7a6d35574f6b51504a33413332424c65737a6f5053684f5558596d4d4b57542b4e43347634616635754f352b744b66412b654669764f4d3164724d56374f79375a416144652f5566574649502f2f2f2f3841414141412f2f2f2f2f2f2f2f2f2f2b38357671747078656568504f3579734c3859795652686b45452f734d624b443754704e486970496a345a5946456f47662b7579736e716b5064594c746b447667784c6633396b7877447938756f6334716b3966794c54517230576b6a784f6c786b502f743456746930514674417a6f6342415638674546706152553156567a4d7a4e5459324d4441774d4456664e30444e307431354773336952597069413963416b66796a76652b415037612f304d4850377a464952447475684d695a69664b4871657874644b6879736a35304971425a2f4b6c3744734f6f35585375446c49716351437751684261576b564e5656637a4d7a55324e6a41774d444177587a64416b756f71636243556b6b71754e436b5477546e6c793835676c3773565744413856614c55797871592f374962754f35766e7036624b654957304f314b4679303659456f6f324858397047624c416e6f6e724f355979413d3d220a2020202020207d2c0a20202020202022746f6c64427943617264223a207b0a2020202020202020227265666572656e6365223a20352c0a2020202020202020226c6162656c223a20227765622d6563207632222c0a2020202020202020226964223a202234353545383739343242344243464431373438354642423845343536384535454433333643304441222c0a202020202020202022616c676f726974686d73223a205b5d2c0a2020202020202020226b6579446f6d61696e223a207b0a2020202020202020202022696e646578223a20302c0a20202020202020202020226b696e64223a2022444b454b222c0a20202020202020202020226b6579436865636b56616c7565223a202245393441323238334138433843453446220a20202020202020207d0a2020202020207d0a202020207d0a20205d0a7d0a', NULL, NULL, NULL, 0, NULL, 1795285539613);
INSERT INTO public.key_versions VALUES ('kv__uygSLvm2x4xUn4pk8oy', 'key_3kwjuEUpx8UUrQH1qa9V', 1, 'destroyed', 1795285540312, NULL, 'active', 0, '77DF379C86FB69E6373CAA0E169E068A56B3BD1D', 'gone', '\x3059301306072a8648ce3d020106082a8648ce3d0301070342000499d75ddbb6953613f6930c072598856da6f3b1adfa1804fa13045f6b244a1cb89811ee2a3f76ebadcbe0ba39e695739dd5ae86213ce4103bdd92beeb01097f10', 'EC 0499d75ddbb6953613f6930c072598856da6f3b1adfa1804fa13045f6b244a1cb89811ee2a3f76ebadcbe0ba39e695739dd5ae86213ce4103bdd92beeb01097f10', '\x3082039a0482016be94a2283a8c8ce4f0c000a04007f00070202020203000000000000a46f0463551e13df56eb85829d040a50df8fbb48696a1987906f5aaa4e638f0adf3486ec8e1592bb3ba8901e834d1638be4e48cd112e80172e93588b5c9e7d98e8bad81ede66125616ea054d6e6638f8628cbbabaa7e3df7c3e0964f905a4934012d7af7ffb5ec230038b36c139c3e2a718eee71e9d4c6dba7a5d90662ec4c254a5a73a69fea63423d7d533614e47b46851c2ae5ba15ec4bf73443003ef0663912ee7f9014732c845ec45f74cd480d842f63ceccee9d1c18c1dc538fb7f165040c7fd5f0d4fb8dd34dadc86d4bfd0c53e1b2a16def2bcbf29a56fd206789a0f3fbe5f3e8f9041840557e1d06681309fe1c5f209cd0ca9634d0db143f0aca058227390b802f9147185bbf7c747126bac31d07ce6f8d11595575d5f860380e0ee428f494f323b1ad5c82f31e6181c8dfd0d313bd03477513f187ccf4345d4ee9f261936ad696eaca221f9e15a634df0319a03f300d0c04676f6e65030206c00401013022041477df379c86fb69e6373caa0e169e068a56b3bd1d0303072080030203b8020104a10a30083002040002020100678201e67f2182018c7f4e8201445f29010042095554434130303030317f4982011d060a04007f000702020202038120ffffffff00000001000000000000000000000000ffffffffffffffffffffffff8220ffffffff00000001000000000000000000000000fffffffffffffffffffffffc83205ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b8441046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f58520ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63255186410499d75ddbb6953613f6930c072598856da6f3b1adfa1804fa13045f6b244a1cb89811ee2a3f76ebadcbe0ba39e695739dd5ae86213ce4103bdd92beeb01097f108701015f20105a5a454d5557333335363630303030345f3740a4ed3dd57724398930ac7c01c48edb1ee8e259e252bb77b20d68b5a393e3fca57ca6f99199e6f8fdc8d113b4a008d02ea1905c06c7fdee3c2b52917ac742567242105a5a454d5557333335363630303030305f37408a28cd1c2377bdbbfa6514ac8a6604b9f7e0961183f26bf2d144fe1d0347fa2e6a6063a6415fe1ca250590922cd61e3dc8710cac9791e5fd10c3c58b99960211', 'E94A2283A8C8CE4F', '\x7b0a202022666f726d6174223a20226b6579746574686572206174746573746174696f6e222c0a20202276657273696f6e223a20312c0a202022646576696365436572746966696361746573223a205b0a2020202022667947423548394f675a31664b51454151673161576b564e56557844515441774d44417866306c5042676f45414838414277494341674944686b454551376e656e6631324c4377596a6f73336948666876742f504c73714b324a6844464876496c4f6538384a7752353041376b326f364d6549584735575357726d3039785856695a6e6e336d3465745638562b3864364f4638674546706152553156567a4d7a4e5459324d4441774d44422f54424147437973474151514267634d664177454255774541587955474167594241514942587951474177514241514142587a64414473656c715569734f6748724a596b6e694a67536e797249324771503165694e2f474c31597453702b3646547165494b415144734f49492f4f7447654352586172494351786f506a78686544354379716936656d54413d3d222c0a2020202022667947423433394f675a78664b51454151673961576b564e56557842564539534d4441774d44462f5355384743675141667741484167494341674f4751515150667a4f344b6c71764a6d55627531797733566a4a78486264464c4e78696d6f53704e6a7253544e584c3456776a62415738683139542b2b43465270427873547044647746644e42516e336c6b634c734c636c48705879414e576c70465456564d513045774d4441774d58394d4541594c4b775942424147427778384441514654415942664a51594342674142414146664a41594842514543417746664e30436e446443727763335144316b744c692b6d50794f3038342b343538664d4f2f526b456a47446f7656776e337a4b7a4851467a7433304972734b4137414f534e682b51367034377649586568536237586e7544375461220a20205d2c0a2020226b657973223a205b0a202020207b0a202020202020227369676e65644279446576696365223a207b0a202020202020202022646576696365223a20225a5a454d555733333536363030303030222c0a2020202020202020227075626c69634b6579223a20222d2d2d2d2d424547494e205055424c4943204b45592d2d2d2d2d5c6e4d466b77457759484b6f5a497a6a3043415159494b6f5a497a6a304441516344516741456d646464323761564e6850326b7777484a5a69466261627a736133365c6e47415436457752666179524b484c6959456534715033627272637667756a6e6d6c584f643161364749547a6b454476646b72377241516c2f45413d3d5c6e2d2d2d2d2d454e44205055424c4943204b45592d2d2d2d2d5c6e222c0a20202020202020202272657175657374223a20225a344942356e38686767474d66303643415552664b51454151676c5656454e424d4441774d44462f535949424851594b4241422f4141634341674943413445672f2f2f2f2f774141414145414141414141414141414141414141442f2f2f2f2f2f2f2f2f2f2f2f2f2f2f2b4349502f2f2f2f384141414142414141414141414141414141414141412f2f2f2f2f2f2f2f2f2f2f2f2f2f2f3867794261786a5859716a715435375072765656326d4961385a523047734d7854735059377a6a772b4a394a67533452424247735830664c684c454a482b4c7a6d35574f6b51504a33413332424c65737a6f5053684f5558596d4d4b57542b4e43347634616635754f352b744b66412b654669764f4d3164724d56374f79375a416144652f5566574649502f2f2f2f3841414141412f2f2f2f2f2f2f2f2f2f2b38357671747078656568504f3579734c3859795652686b45456d646464323761564e6850326b7777484a5a69466261627a7361333647415436457752666179524b484c6959456534715033627272637667756a6e6d6c584f643161364749547a6b454476646b72377241516c2f45496342415638674546706152553156567a4d7a4e5459324d4441774d4452664e30436b375433566479513569544373664148456a747365364f4a5a346c4b376437494e614c576a6b2b50387058796d2b5a475a35766a39794e4554744b4149304336686b467747782f3375504374536b587248516c5a7951684261576b564e5656637a4d7a55324e6a41774d444177587a644169696a4e48434e33766276365a525373696d5945756666676c684744386d76793055542b48514e482b69357159474f6d51562f68796955466b4a4973316834397948454d724a6552356630517738574c6d5a594345513d3d220a2020202020207d2c0a20202020202022746f6c64427943617264223a207b0a2020202020202020227265666572656e6365223a20342c0a2020202020202020226c6162656c223a2022676f6e65222c0a2020202020202020226964223a202237374446333739433836464236394536333733434141304531363945303638413536423342443144222c0a202020202020202022616c676f726974686d73223a205b5d2c0a2020202020202020226b6579446f6d61696e223a207b0a2020202020202020202022696e646578223a20302c0a20202020202020202020226b696e64223a2022444b454b222c0a20202020202020202020226b6579436865636b56616c7565223a202245393441323238334138433843453446220a20202020202020207d0a2020202020207d0a202020207d0a20205d0a7d0a', NULL, NULL, 1795890340312, 0, NULL, 1795285538884);


--
-- Data for Name: keys; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.keys VALUES ('key_OzgMy8bG1w0v7CcxjxGv', 'tnt_CgnSaIxx61_UHoKgDGIz', 'grp_0QgWDsMy9jeOfcqXHB8A', 'web-rsa', 'RSA', '2048', '[]', '["web"]', 2, NULL, 1, NULL, 1795285537262, 2);
INSERT INTO public.keys VALUES ('key_YZQKYaVvtdg-Bi995G6P', 'tnt_CgnSaIxx61_UHoKgDGIz', 'grp_0QgWDsMy9jeOfcqXHB8A', 'store-aes', 'AES', '256', '[]', '[]', 2, NULL, 1, NULL, 1795285538172, 2);
INSERT INTO public.keys VALUES ('key_-xasVmhRhqfAWIL70ymd', 'tnt_CgnSaIxx61_UHoKgDGIz', 'grp_0QgWDsMy9jeOfcqXHB8A', 'web-ec', 'EC', 'secp256r1', '[]', '["web"]', 2, NULL, 2, NULL, 1795285536438, 3);
INSERT INTO public.keys VALUES ('key_3kwjuEUpx8UUrQH1qa9V', 'tnt_CgnSaIxx61_UHoKgDGIz', 'grp_0QgWDsMy9jeOfcqXHB8A', 'gone', 'EC', 'secp256r1', '[]', '[]', 2, NULL, 1, NULL, 1795285538884, 3);


--
-- Data for Name: kysely_migration; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.kysely_migration VALUES ('001-start', '2026-11-21T18:25:26.216Z');


--
-- Data for Name: kysely_migration_lock; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.kysely_migration_lock VALUES ('migration_lock', 0);


--
-- Data for Name: leftovers; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: principals; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.principals VALUES ('prn_wPHsKusFPXpdh-jIArlh', 'tnt_CgnSaIxx61_UHoKgDGIz', 'token-68265636', '["administrator","custodian","manager","operator","auditor"]', '[]', 1795285526245, NULL, 1);
INSERT INTO public.principals VALUES ('prn_FPUKkut-rUix_ZprgUqm', NULL, 'root-e4621e66', '["root"]', '[]', 1795285526249, NULL, 1);
INSERT INTO public.principals VALUES ('prn_iYVBAKhp957ledoAyBwb', 'tnt_CgnSaIxx61_UHoKgDGIz', 'web', '["operator"]', '["web"]', 1795285541549, NULL, 1);
INSERT INTO public.principals VALUES ('prn_qaShlykuxKWxSvCVv_Sl', 'tnt_CgnSaIxx61_UHoKgDGIz', 'reader', '["auditor"]', '[]', 1795285542851, NULL, 1);
INSERT INTO public.principals VALUES ('prn_0_hS29IXuzfGSjG02GW4', 'tnt_XKM91KcTQNOxKFZ0KJa4', 'ann', '["administrator"]', '[]', 1795285543605, NULL, 1);


--
-- Data for Name: settings; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.settings VALUES ('vault', '{"version":1,"derivation":{"algorithm":"hkdf-sha256","salt":"969f7e103e40833616bfe06cdf721fd2"},"dataKey":"01b3d30411a002ec491c0ff80103d199477f9685a2a8bd8fe7bd03737efd56a7c4549f9faab9a41f4e9898bd622f080b1ed4036770693f0d54e29ba2ac36dee101"}');
INSERT INTO public.settings VALUES ('signing-key', '01b3d30411c2c1adaa2d7961e648d1a276004194a1b35723cab706651df5df0cca00872b631d15a261367b1d967c55910131689e09d726338a56cde318aefb09425c96f8bb222e162c6872fe8f8c14b426');


--
-- Data for Name: tenants; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.tenants VALUES ('tnt_CgnSaIxx61_UHoKgDGIz', 'main', 1795285526235);
INSERT INTO public.tenants VALUES ('tnt_XKM91KcTQNOxKFZ0KJa4', 'branch', 1795285543605);


--
-- Name: events_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.events_id_seq', 82, true);


--
-- Name: ceremonies ceremonies_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ceremonies
    ADD CONSTRAINT ceremonies_pkey PRIMARY KEY (id);


--
-- Name: credentials credentials_name; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_name UNIQUE (principal_id, name);


--
-- Name: credentials credentials_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_pkey PRIMARY KEY (id);


--
-- Name: credentials credentials_token_hash_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_token_hash_key UNIQUE (token_hash);


--
-- Name: data_keys data_keys_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.data_keys
    ADD CONSTRAINT data_keys_key PRIMARY KEY (version_id, id);


--
-- Name: devices devices_name; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_name UNIQUE (tenant_id, name);


--
-- Name: devices devices_path_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_path_key UNIQUE (path);


--
-- Name: devices devices_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_pkey PRIMARY KEY (id);


--
-- Name: enrolments enrolments_name; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.enrolments
    ADD CONSTRAINT enrolments_name UNIQUE (tenant_id, name);


--
-- Name: enrolments enrolments_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.enrolments
    ADD CONSTRAINT enrolments_pkey PRIMARY KEY (id);


--
-- Name: enrolments enrolments_secret_hash_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.enrolments
    ADD CONSTRAINT enrolments_secret_hash_key UNIQUE (secret_hash);


--
-- Name: events events_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id);


--
-- Name: groups groups_name; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.groups
    ADD CONSTRAINT groups_name UNIQUE (tenant_id, name);


--
-- Name: groups groups_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.groups
    ADD CONSTRAINT groups_pkey PRIMARY KEY (id);


--
-- Name: idempotency idempotency_key_of; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.idempotency
    ADD CONSTRAINT idempotency_key_of PRIMARY KEY (principal_id, idempotency_key);


--
-- Name: instances instances_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.instances
    ADD CONSTRAINT instances_key PRIMARY KEY (version_id, device_id);


--
-- Name: key_versions key_versions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.key_versions
    ADD CONSTRAINT key_versions_pkey PRIMARY KEY (id);


--
-- Name: key_versions key_versions_version; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.key_versions
    ADD CONSTRAINT key_versions_version UNIQUE (key_id, version);


--
-- Name: keys keys_name; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.keys
    ADD CONSTRAINT keys_name UNIQUE (tenant_id, name);


--
-- Name: keys keys_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.keys
    ADD CONSTRAINT keys_pkey PRIMARY KEY (id);


--
-- Name: kysely_migration_lock kysely_migration_lock_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.kysely_migration_lock
    ADD CONSTRAINT kysely_migration_lock_pkey PRIMARY KEY (id);


--
-- Name: kysely_migration kysely_migration_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.kysely_migration
    ADD CONSTRAINT kysely_migration_pkey PRIMARY KEY (name);


--
-- Name: leftovers leftovers_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.leftovers
    ADD CONSTRAINT leftovers_key PRIMARY KEY (device_path, reference);


--
-- Name: principals principals_name; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.principals
    ADD CONSTRAINT principals_name UNIQUE (tenant_id, name);


--
-- Name: principals principals_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.principals
    ADD CONSTRAINT principals_pkey PRIMARY KEY (id);


--
-- Name: settings settings_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (name);


--
-- Name: tenants tenants_name_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tenants
    ADD CONSTRAINT tenants_name_key UNIQUE (name);


--
-- Name: tenants tenants_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tenants
    ADD CONSTRAINT tenants_pkey PRIMARY KEY (id);


--
-- Name: events_subject; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX events_subject ON public.events USING btree (subject, id);


--
-- Name: events_tenant; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX events_tenant ON public.events USING btree (tenant_id, id);


--
-- Name: idempotency_created; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idempotency_created ON public.idempotency USING btree (created_at);


--
-- Name: ceremonies ceremonies_device_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ceremonies
    ADD CONSTRAINT ceremonies_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.devices(id);


--
-- Name: ceremonies ceremonies_tenant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ceremonies
    ADD CONSTRAINT ceremonies_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);


--
-- Name: credentials credentials_principal_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.credentials
    ADD CONSTRAINT credentials_principal_id_fkey FOREIGN KEY (principal_id) REFERENCES public.principals(id);


--
-- Name: data_keys data_keys_version_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.data_keys
    ADD CONSTRAINT data_keys_version_id_fkey FOREIGN KEY (version_id) REFERENCES public.key_versions(id);


--
-- Name: devices devices_group_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_group_id_fkey FOREIGN KEY (group_id) REFERENCES public.groups(id);


--
-- Name: devices devices_tenant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);


--
-- Name: enrolments enrolments_group_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.enrolments
    ADD CONSTRAINT enrolments_group_id_fkey FOREIGN KEY (group_id) REFERENCES public.groups(id);


--
-- Name: enrolments enrolments_tenant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.enrolments
    ADD CONSTRAINT enrolments_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);


--
-- Name: groups groups_tenant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.groups
    ADD CONSTRAINT groups_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);


--
-- Name: instances instances_device_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.instances
    ADD CONSTRAINT instances_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.devices(id);


--
-- Name: instances instances_version_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.instances
    ADD CONSTRAINT instances_version_id_fkey FOREIGN KEY (version_id) REFERENCES public.key_versions(id);


--
-- Name: key_versions key_versions_key_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.key_versions
    ADD CONSTRAINT key_versions_key_id_fkey FOREIGN KEY (key_id) REFERENCES public.keys(id);


--
-- Name: keys keys_group_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.keys
    ADD CONSTRAINT keys_group_id_fkey FOREIGN KEY (group_id) REFERENCES public.groups(id);


--
-- Name: keys keys_tenant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.keys
    ADD CONSTRAINT keys_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);


--
-- Name: principals principals_tenant_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.principals
    ADD CONSTRAINT principals_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(id);


--
-- PostgreSQL database dump complete
--


