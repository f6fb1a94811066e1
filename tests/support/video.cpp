#include "tests/support/video.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>
}
#include <webp/demux.h>

#include <cstring>
#include <memory>

#include "lifted/base/error.h"

namespace lifted::test {

using formats::Image;

namespace {

Image to_rgb(const AVFrame& frame) {
  Image image = formats::filled_image(frame.width, frame.height);
  SwsContext* scaler =
      sws_getContext(frame.width, frame.height, static_cast<AVPixelFormat>(frame.format), frame.width, frame.height,
                     AV_PIX_FMT_RGB24, SWS_BICUBIC | SWS_ACCURATE_RND, nullptr, nullptr, nullptr);
  require(scaler != nullptr, "no scaler for the decoded frame");
  const int matrix = frame.colorspace == AVCOL_SPC_BT709 ? SWS_CS_ITU709 : SWS_CS_DEFAULT;
  sws_setColorspaceDetails(scaler, sws_getCoefficients(matrix), 0, sws_getCoefficients(matrix), 1, 0, 1 << 16, 1 << 16);
  uint8_t* target[] = {image.pixels.data()};
  const int stride[] = {3 * frame.width};
  sws_scale(scaler, frame.data, frame.linesize, 0, frame.height, target, stride);
  sws_freeContext(scaler);
  return image;
}

void receive_all(AVCodecContext* decoder, AVFrame* frame, Video& video) {
  while (avcodec_receive_frame(decoder, frame) >= 0) video.frames.push_back(to_rgb(*frame));
}

}  // namespace

Video read_video(const std::filesystem::path& path) {
  AVFormatContext* file = nullptr;
  require(avformat_open_input(&file, path.c_str(), nullptr, nullptr) >= 0, "{}: cannot open", path.string());
  require(avformat_find_stream_info(file, nullptr) >= 0, "{}: no stream", path.string());
  const AVStream* stream = file->streams[0];
  const AVCodec* codec = avcodec_find_decoder(stream->codecpar->codec_id);
  AVCodecContext* decoder = avcodec_alloc_context3(codec);
  avcodec_parameters_to_context(decoder, stream->codecpar);
  require(avcodec_open2(decoder, codec, nullptr) >= 0, "{}: no decoder", path.string());
  AVPacket* packet = av_packet_alloc();
  AVFrame* frame = av_frame_alloc();
  Video video;
  while (av_read_frame(file, packet) >= 0) {
    avcodec_send_packet(decoder, packet);
    av_packet_unref(packet);
    receive_all(decoder, frame, video);
  }
  avcodec_send_packet(decoder, nullptr);
  receive_all(decoder, frame, video);
  video.seconds = static_cast<double>(file->duration) / AV_TIME_BASE;
  av_frame_free(&frame);
  av_packet_free(&packet);
  avcodec_free_context(&decoder);
  avformat_close_input(&file);
  return video;
}

Video read_animated_webp(const std::filesystem::path& path) {
  const Bytes bytes = read_file(path);
  const WebPData data{reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
  const std::unique_ptr<WebPAnimDecoder, decltype(&WebPAnimDecoderDelete)> decoder(WebPAnimDecoderNew(&data, nullptr),
                                                                                   &WebPAnimDecoderDelete);
  require(decoder != nullptr, "{}: is not an animated WebP", path.string());
  WebPAnimInfo info{};
  WebPAnimDecoderGetInfo(decoder.get(), &info);
  Video video;
  video.loops = static_cast<int>(info.loop_count);
  uint8_t* rgba = nullptr;
  int milliseconds = 0;
  while (WebPAnimDecoderGetNext(decoder.get(), &rgba, &milliseconds)) {
    Image image = formats::filled_image(static_cast<int>(info.canvas_width), static_cast<int>(info.canvas_height));
    for (size_t i = 0; i < image.pixels.size() / 3; ++i) std::memcpy(&image.pixels[3 * i], rgba + 4 * i, 3);
    video.frames.push_back(std::move(image));
  }
  video.seconds = milliseconds / 1000.0;
  return video;
}

}  // namespace lifted::test
