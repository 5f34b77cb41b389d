#pragma once

namespace caption {

/// What a browser shows at "/": a form for a picture. It loads nothing and runs nothing.
inline constexpr const char* kFormPage = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>caption</title>
<style>body { font: 16px/1.5 system-ui, sans-serif; max-width: 40em; margin: 3em auto; padding: 0 1em; color-scheme: light dark; }</style>
<h1>caption</h1>
<form action="/caption" method="post" enctype="multipart/form-data">
<p><label>A picture: <input type="file" name="image" accept="image/*" required></label></p>
<p><button>Caption</button></p>
</form>
<p>For programs: <code>curl --data-binary @photo.jpg</code> to <code>/caption</code>, or OpenAI's protocol at <code>/v1</code>.</p>
</html>
)";

}  // namespace caption
