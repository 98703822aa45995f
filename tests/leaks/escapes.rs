//! Class A: escapes of some characters, as languages, shells, markup and addresses have them.

use crate::{
    secrets::Kind::{JsonKey, PrivateKey, Special, Url},
    undo::plain,
    way::{Way, js, pl, py, sh},
};

const JSON: &str = "python3 -c 'import json, sys; print(json.loads(sys.stdin.read()))'";
const LITERAL: &str =
    "python3 -c 'import ast, sys; print(ast.literal_eval(sys.stdin.read().strip()))'";
const MARKUP: &str = "python3 -c 'import html, sys; print(html.unescape(sys.stdin.read()))'";
const PERCENT: &str =
    "python3 -c 'import sys, urllib.parse; print(urllib.parse.unquote_plus(sys.stdin.read()))'";
const SHELL: &str = "python3 -c 'import shlex, sys; print(*shlex.split(sys.stdin.read()))'";
const BACKSLASHES: &str = r"sed 's/\\\(.\)/\1/g'";
const NODE: &str = "node -e 'console.log(eval(require(\"fs\").readFileSync(0, \"utf8\")))'";

pub const WAYS: &[Way] = &[
    py("json.dumps", "print(json.dumps(K))", plain).of(Special).undone_by(JSON),
    py("json.dumps of a private key", "print(json.dumps({'key': K}))", plain).of(PrivateKey).undone_by(JSON),
    py("json.dumps of a key file", "print(json.dumps(json.loads(K), indent=2))", plain).of(JsonKey).undone_by(JSON),
    py("json.dumps of a key file as a text", "print(json.dumps(K))", plain).of(JsonKey).undone_by(JSON),
    py("repr", "print(repr(K))", plain).of(Special).undone_by(LITERAL),
    py("repr of a private key", "print(repr(K))", plain).of(PrivateKey).undone_by(LITERAL),
    py("repr of bytes", "print(B)", plain).of(Special).undone_by(LITERAL),
    py("ascii", "print(ascii(K))", plain).of(Special).undone_by(LITERAL),
    py("unicode_escape", "print(K.encode('unicode_escape').decode())", plain).of(Special).undone_by(BACKSLASHES),
    py("re.escape", "import re\nprint(re.escape(K))", plain).of(Special).undone_by(BACKSLASHES),
    py("shlex.quote", "import shlex\nprint(shlex.quote(K))", plain).of(Special).undone_by(SHELL),
    py("html.escape", "import html\nprint(html.escape(K))", plain).of(Special).undone_by(MARKUP),
    py("saxutils.escape", "from xml.sax.saxutils import escape\nprint(escape(K))", plain).of(Special).undone_by(MARKUP),
    py("saxutils.quoteattr", "from xml.sax.saxutils import quoteattr\nprint(quoteattr(K))", plain).of(Special).undone_by(MARKUP),
    py("ElementTree", "import xml.etree.ElementTree as E\ne = E.Element('t', a=K)\ne.text = K\nprint(E.tostring(e).decode())", plain)
        .of(Special)
        .undone_by(MARKUP),
    py("urllib quote", "import urllib.parse as u\nprint(u.quote(K))", plain).of(Special).undone_by(PERCENT),
    py("urllib quote, nothing safe", "import urllib.parse as u\nprint(u.quote(K, safe=''))", plain).of(Special).undone_by(PERCENT),
    py("urllib quote_plus", "import urllib.parse as u\nprint(u.quote_plus(K))", plain).of(Special).undone_by(PERCENT),
    py("urllib urlencode", "import urllib.parse as u\nprint(u.urlencode({'a': 'b', 'token': K}))", plain).of(Special).undone_by(PERCENT),
    py("urllib quote of an address", "import urllib.parse as u\nprint(u.quote(K, safe=''))", plain).of(Url).undone_by(PERCENT),
    py("csv", "import csv\ncsv.writer(sys.stdout, quoting=csv.QUOTE_ALL).writerow(['a', K])", plain)
        .of(Special)
        .undone_by("python3 -c 'import csv, sys; print(*next(csv.reader(sys.stdin)))'"),
    py("csv with single quotes", "import csv\ncsv.writer(sys.stdout, quoting=csv.QUOTE_ALL, quotechar=\"'\").writerow(['a', K])", plain)
        .of(Special)
        .undone_by("sed \"s/''/'/g\""),
    py("SQL", "print(\"insert into t values ('%s');\" % K.replace(\"'\", \"''\"))", plain).of(Special).undone_by("sed \"s/''/'/g\""),
    py("MySQL", "print(\"insert into t values ('%s');\" % K.replace('\\\\', '\\\\\\\\').replace(\"'\", \"\\\\'\").replace('\"', '\\\\\"'))", plain)
        .of(Special)
        .undone_by(BACKSLASHES),
    py("YAML", "print(\"key: '%s'\" % K.replace(\"'\", \"''\"))", plain).of(Special).undone_by("sed \"s/''/'/g\""),
    py("TOML", "print('key = \"%s\"' % K.replace('\\\\', '\\\\\\\\').replace('\"', '\\\\\"'))", plain).of(Special).undone_by(BACKSLASHES),
    py("a YAML block of a private key", "print('key: |\\n' + ''.join('  ' + l + '\\n' for l in K.splitlines()))", plain).of(PrivateKey),
    py("CDATA", "print('<k><![CDATA[%s]]></k>' % K)", plain).of(Special),
    py("PowerShell", "print('\"' + ''.join('`' + c if c in '\"$`' else c for c in K) + '\"')", plain).of(Special).undone_by("tr -d '`'"),
    py("a regular expression's literal", "print('/' + K.replace('/', '\\\\/') + '/')", plain).of(Special).undone_by("sed 's,\\\\/,/,g'"),
    py("PHP", "print(\"'\" + K.replace('\\\\', '\\\\\\\\').replace(\"'\", \"\\\\'\") + \"'\")", plain).of(Special).undone_by(BACKSLASHES),
    sh("printf %q", "bash -c 'printf %q \"$KEY\"'", plain).of(Special).undone_by(SHELL),
    sh("printf %q of a private key", "bash -c 'printf %q \"$KEY\"'", plain).of(PrivateKey),
    sh("bash @Q", "bash -c 'echo ${KEY@Q}'", plain).of(Special).undone_by(SHELL),
    sh("export -p, special characters", "export -p | grep ' KEY='", plain).of(Special).undone_by(SHELL),
    sh("set, special characters", "set | grep ^KEY=", plain).of(Special).undone_by(SHELL),
    sh("bash set, special characters", "bash -c set | grep ^KEY=", plain).of(Special).undone_by(SHELL),
    sh("printf %q of coreutils", "/usr/bin/printf %q \"$KEY\"", plain).of(Special).undone_by(SHELL),
    sh("ls --quoting-style=c", "cd /tmp; ls --quoting-style=c \"/$KEY\"", plain).of(Special).undone_by(BACKSLASHES),
    sh("sed l", "printf %s \"$KEY\" | sed -n l", plain).of(Special).undone_by(BACKSLASHES),
    sh("git's quoted path", "git diff --no-index /dev/null \"/$KEY\"", plain).of(Special).undone_by(BACKSLASHES),
    sh("jq @json", "jq -n env.KEY", plain).of(Special).undone_by(JSON),
    sh("jq @sh", "jq -nr 'env.KEY|@sh'", plain).of(Special).undone_by(SHELL),
    sh("jq @uri", "jq -nr 'env.KEY|@uri'", plain).of(Special).undone_by(PERCENT),
    sh("jq @html", "jq -nr 'env.KEY|@html'", plain).of(Special).undone_by(MARKUP),
    sh("jq @csv", "jq -nr '[env.KEY]|@csv'", plain).of(Special).undone_by("sed 's/\"\"/\"/g'"),
    sh("jq @tsv", "jq -nr '[env.KEY]|@tsv'", plain).of(Special).undone_by(BACKSLASHES),
    pl("quotemeta", "print quotemeta $k", plain).of(Special).undone_by(BACKSLASHES),
    pl("Data::Dumper", "use Data::Dumper; print Dumper($k)", plain).of(Special).undone_by(BACKSLASHES),
    pl("Data::Dumper with useqq", "use Data::Dumper; $Data::Dumper::Useqq = 1; print Dumper($k)", plain).of(Special).undone_by(BACKSLASHES),
    js("JSON.stringify", "console.log(JSON.stringify({ k }))", plain).of(Special).undone_by(JSON),
    js("util.inspect, special characters", "console.log([k])", plain).of(Special).undone_by(NODE),
    js("encodeURIComponent", "console.log(encodeURIComponent(k))", plain).of(Special).undone_by(PERCENT),
    js("encodeURI", "console.log(encodeURI(k))", plain).of(Special).undone_by(PERCENT),
    js("escape", "console.log(escape(k))", plain).of(Special).undone_by(PERCENT),
    js("querystring", "console.log(require('querystring').stringify({ k }))", plain).of(Special).undone_by(PERCENT),
    js("URLSearchParams", "console.log(new URLSearchParams({ k }).toString())", plain).of(Special).undone_by(PERCENT),
    js("String.raw in a template", "console.log('`' + k.replace(/[`\\\\$]/g, '\\\\$&') + '`')", plain).of(Special).undone_by(BACKSLASHES),
];
