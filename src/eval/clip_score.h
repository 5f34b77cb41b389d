#pragma once

namespace caption::eval {

/// What stands before each text, captions and references alike, when CLIP compares them (Hessel et al.,
/// 2021).
inline constexpr const char* kClipPrompt = "A photo depicts ";

/// CLIPScore of a caption whose embedding has this cosine to the picture's: 2.5 * max(cosine, 0).
double clip_score(double to_picture);

/// RefCLIPScore: the harmonic mean of CLIPScore and of the caption's highest cosine to a reference, 0 if
/// that is below 0.
double ref_clip_score(double to_picture, double to_nearest_reference);

}  // namespace caption::eval
