#include "lifted/formats/animation.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
}

#include <algorithm>
#include <cstring>
#include <mutex>

#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/formats/image_ops.h"

namespace lifted::formats {
namespace {

enum class Kind { gif, mp4, webp };

Kind kind_of(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  if (extension == ".gif") return Kind::gif;
  if (extension == ".mp4") return Kind::mp4;
  if (extension == ".webp") return Kind::webp;
  usage_error("{}: cannot write a {} animation, expected .gif, .mp4 or .webp", path.string(),
              extension.empty() ? "nameless kind of" : extension);
}

std::string message_of(int code) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(code, text, sizeof text);
  return text;
}

struct FrameDeleter {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
struct PacketDeleter {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
struct GraphDeleter {
  void operator()(AVFilterGraph* graph) const { avfilter_graph_free(&graph); }
};
struct EncoderDeleter {
  void operator()(AVCodecContext* encoder) const { avcodec_free_context(&encoder); }
};
struct MuxerDeleter {
  void operator()(AVFormatContext* muxer) const {
    if (muxer->pb) avio_closep(&muxer->pb);
    avformat_free_context(muxer);
  }
};
struct InOutDeleter {
  void operator()(AVFilterInOut* ends) const { avfilter_inout_free(&ends); }
};
using Frame = std::unique_ptr<AVFrame, FrameDeleter>;
using Ends = std::unique_ptr<AVFilterInOut, InOutDeleter>;

/// From RGB frames to what the encoder takes. MP4 players assume BT.709 for untagged video of any size less and less
/// often, so the matrix is both chosen and tagged.
std::string filters_for(Kind kind, int width, int height) {
  switch (kind) {
    case Kind::gif:
      return "split[a][b];[a]palettegen=stats_mode=full[p];[b][p]paletteuse=dither=sierra2_4a:diff_mode=rectangle";
    case Kind::mp4:
      return fmt::format(
          "pad={}:{}:0:0:white,scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_int+bicubic,"
          "format=yuv420p",
          width + width % 2, height + height % 2);
    default:
      return "format=bgra";
  }
}

const AVCodec* encoder_for(Kind kind) {
  if (kind == Kind::gif) return avcodec_find_encoder(AV_CODEC_ID_GIF);
  if (kind == Kind::webp) return avcodec_find_encoder_by_name("libwebp_anim");
  const AVCodec* h264 = avcodec_find_encoder_by_name("libx264");
  return h264 ? h264 : avcodec_find_encoder(AV_CODEC_ID_MPEG4);
}

/// Good quality rather than small files; a fixed thread count because x264's output depends on it.
void set_quality(AVCodecContext& encoder, Kind kind) {
  encoder.flags |= AV_CODEC_FLAG_BITEXACT;
  if (kind == Kind::webp) av_opt_set(encoder.priv_data, "quality", "90", 0);
  if (kind != Kind::mp4) return;
  encoder.thread_count = 2;
  encoder.color_range = AVCOL_RANGE_MPEG;
  encoder.colorspace = AVCOL_SPC_BT709;
  encoder.color_primaries = AVCOL_PRI_BT709;
  encoder.color_trc = AVCOL_TRC_BT709;
  if (encoder.codec_id == AV_CODEC_ID_H264) {
    av_opt_set(encoder.priv_data, "crf", "17", 0);
    av_opt_set(encoder.priv_data, "preset", "fast", 0);
    // x264's lookahead for B-frames and macroblock trees gives other bytes from run to run on processors with AVX-512.
    av_opt_set(encoder.priv_data, "x264-params", "bframes=0:mbtree=0", 0);
  } else {
    encoder.flags |= AV_CODEC_FLAG_QSCALE;
    encoder.global_quality = 2 * FF_QP2LAMBDA;
  }
}

}  // namespace

bool can_animate() {
  return true;
}

struct AnimationWriter::State {
  std::filesystem::path path;
  int width, height;
  AVRational time_base{};
  Kind kind;
  AtomicFile file;
  std::unique_ptr<AVFilterGraph, GraphDeleter> graph;
  AVFilterContext *source = nullptr, *sink = nullptr;
  std::unique_ptr<AVCodecContext, EncoderDeleter> encoder;
  std::unique_ptr<AVFormatContext, MuxerDeleter> muxer;
  std::unique_ptr<AVPacket, PacketDeleter> packet{av_packet_alloc()};
  int64_t frames = 0;
  bool finished = false;

  State(const std::filesystem::path& to, int w, int h, Kind k) : path(to), width(w), height(h), kind(k), file(to) {}

  void check(int code, const char* doing) const {
    require(code >= 0, "{}: cannot {} the animation: {}", path.string(), doing, message_of(code));
  }
  void open_filters();
  void open_encoder();
  void open_muxer();
  void drain_filters();
  void encode(const AVFrame* frame);
};

void AnimationWriter::State::open_filters() {
  graph.reset(avfilter_graph_alloc());
  const std::string input = fmt::format("video_size={}x{}:pix_fmt={}:time_base={}/{}:pixel_aspect=1/1", width, height,
                                        static_cast<int>(AV_PIX_FMT_RGB24), time_base.num, time_base.den);
  check(
      avfilter_graph_create_filter(&source, avfilter_get_by_name("buffer"), "in", input.c_str(), nullptr, graph.get()),
      "prepare");
  check(avfilter_graph_create_filter(&sink, avfilter_get_by_name("buffersink"), "out", nullptr, nullptr, graph.get()),
        "prepare");
  Ends first(avfilter_inout_alloc()), last(avfilter_inout_alloc());
  first->name = av_strdup("in");
  first->filter_ctx = source;
  last->name = av_strdup("out");
  last->filter_ctx = sink;
  AVFilterInOut *inputs = last.release(), *outputs = first.release();
  const int parsed =
      avfilter_graph_parse_ptr(graph.get(), filters_for(kind, width, height).c_str(), &inputs, &outputs, nullptr);
  const Ends rest_in(inputs), rest_out(outputs);
  check(parsed, "prepare");
  check(avfilter_graph_config(graph.get(), nullptr), "prepare");
}

void AnimationWriter::State::open_encoder() {
  const AVCodec* codec = encoder_for(kind);
  require(codec != nullptr, "{}: this system's libavcodec has no encoder for {}", path.string(),
          path.extension().string());
  encoder.reset(avcodec_alloc_context3(codec));
  encoder->width = av_buffersink_get_w(sink);
  encoder->height = av_buffersink_get_h(sink);
  encoder->pix_fmt = static_cast<AVPixelFormat>(av_buffersink_get_format(sink));
  encoder->time_base = time_base;
  encoder->framerate = av_inv_q(time_base);
  set_quality(*encoder, kind);
  if (muxer->oformat->flags & AVFMT_GLOBALHEADER) encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  check(avcodec_open2(encoder.get(), codec, nullptr), "start the encoder of");
}

void AnimationWriter::State::open_muxer() {
  AVStream* stream = avformat_new_stream(muxer.get(), nullptr);
  require(stream != nullptr, "{}: out of memory", path.string());
  check(avcodec_parameters_from_context(stream->codecpar, encoder.get()), "prepare");
  stream->time_base = time_base;
  stream->avg_frame_rate = av_inv_q(time_base);
  muxer->flags |= AVFMT_FLAG_BITEXACT;
  check(avio_open(&muxer->pb, muxer->url, AVIO_FLAG_WRITE), "create");
  AVDictionary* options = nullptr;
  if (kind == Kind::mp4) av_dict_set(&options, "movflags", "+faststart", 0);
  if (kind != Kind::mp4) av_dict_set(&options, "loop", "0", 0);  // for ever
  const int written = avformat_write_header(muxer.get(), &options);
  av_dict_free(&options);
  check(written, "write");
}

void AnimationWriter::State::encode(const AVFrame* frame) {
  check(avcodec_send_frame(encoder.get(), frame), "encode");
  while (true) {
    const int received = avcodec_receive_packet(encoder.get(), packet.get());
    if (received == AVERROR(EAGAIN) || received == AVERROR_EOF) return;
    check(received, "encode");
    if (packet->duration == 0) packet->duration = 1;
    av_packet_rescale_ts(packet.get(), encoder->time_base, muxer->streams[0]->time_base);
    packet->stream_index = 0;
    check(av_interleaved_write_frame(muxer.get(), packet.get()), "write");
  }
}

void AnimationWriter::State::drain_filters() {
  while (true) {
    const Frame frame(av_frame_alloc());
    const int received = av_buffersink_get_frame(sink, frame.get());
    if (received == AVERROR(EAGAIN) || received == AVERROR_EOF) return;
    check(received, "convert");
    frame->pict_type = AV_PICTURE_TYPE_NONE;
    encode(frame.get());
  }
}

AnimationWriter::AnimationWriter(const std::filesystem::path& path, int width, int height, double fps) {
  static std::once_flag silenced;
  std::call_once(silenced, [] { av_log_set_level(AV_LOG_QUIET); });  // errors come back as codes
  const Kind kind = kind_of(path);
  const double fastest = kind == Kind::gif ? 50 : 1000;
  if (!(fps > 0 && fps <= fastest))
    usage_error("{}: {} frames per second, expected more than 0 and at most {}", path.string(), fps, fastest);
  require(width > 0 && height > 0 && width <= 16383 && height <= 16383,
          "{}: frames of {}x{}, expected 1 to 16383 pixels a side", path.string(), width, height);
  state_ = std::make_unique<State>(path, width, height, kind);
  state_->time_base = av_inv_q(av_d2q(fps, 100000));
  state_->open_filters();
  AVFormatContext* muxer = nullptr;
  const char* format = kind == Kind::gif ? "gif" : kind == Kind::mp4 ? "mp4" : "webp";
  const std::string url = "file:" + state_->file.temporary();  // else "a:b" would be a file of the protocol a
  state_->check(avformat_alloc_output_context2(&muxer, nullptr, format, url.c_str()), "create");
  state_->muxer.reset(muxer);
  state_->open_encoder();
  state_->open_muxer();
}

AnimationWriter::~AnimationWriter() = default;

void AnimationWriter::add(const Image& frame) {
  State& state = *state_;
  require(frame.width == state.width && frame.height == state.height,
          "{}: frame {} has {}x{} pixels, the first has {}x{}", state.path.string(), state.frames, frame.width,
          frame.height, state.width, state.height);
  const Image rgb = as_rgb(frame);
  const Frame input(av_frame_alloc());
  input->format = AV_PIX_FMT_RGB24;
  input->width = rgb.width;
  input->height = rgb.height;
  input->pts = state.frames;
  input->sample_aspect_ratio = {1, 1};
  state.check(av_frame_get_buffer(input.get(), 0), "convert");
  for (int y = 0; y < rgb.height; ++y) {
    std::memcpy(input->data[0] + static_cast<ptrdiff_t>(y) * input->linesize[0], rgb.at(0, y),
                static_cast<size_t>(rgb.width) * 3);
  }
  state.check(av_buffersrc_add_frame(state.source, input.get()), "convert");
  ++state.frames;
  state.drain_filters();
}

void AnimationWriter::finish() {
  State& state = *state_;
  if (state.finished) return;
  require(state.frames > 0, "{}: an animation needs at least one frame", state.path.string());
  state.check(av_buffersrc_add_frame(state.source, nullptr), "convert");
  state.drain_filters();
  state.encode(nullptr);
  state.check(av_write_trailer(state.muxer.get()), "write");
  state.check(avio_closep(&state.muxer->pb), "write");
  state.file.commit();
  state.finished = true;
}

void write_animation(const std::filesystem::path& path, const std::vector<Image>& frames, double fps) {
  require(!frames.empty(), "{}: an animation needs at least one frame", path.string());
  AnimationWriter writer(path, frames[0].width, frames[0].height, fps);
  for (const Image& frame : frames) writer.add(frame);
  writer.finish();
}

}  // namespace lifted::formats
